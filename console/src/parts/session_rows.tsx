/* Sessions in a table: searched, filtered by state, a piece at a time. */
import { useMemo, useState } from 'preact/hooks';
import type { SessionState } from '../api/types';
import type { SessionList } from '../live/session_list';
import { hrefOf } from '../route';
import { useText } from '../text/text';
import { familyName } from '../words/family';
import { countStates, rowsLike, stateOrder, type Row } from '../words/rows';
import { Age } from './age';
import { Choice, type Option } from './choice';
import { State, StateMark } from './state';
import { Cell, Dash, Prefixes, Table } from './table';

const pieceRows = 200;

function SessionRow({ row: { server, family, state, session } }: { row: Row }) {
    const text = useText();
    const legsUp = session?.legs.filter((leg) => leg.state === 'up').length;
    return (
        <tr>
            <Cell kind="title">
                <a href={hrefOf({ page: 'server', id: server.id })}>{server.hostname}</a>
            </Cell>
            <Cell of={text('family')}>{familyName[family]}</Cell>
            <Cell of={text('state')}>
                {session ? (
                    <a class="state-link" href={hrefOf({ page: 'session', id: session.id })}>
                        <State state={state} />
                    </a>
                ) : (
                    <State state={state} />
                )}
            </Cell>
            <Cell of={text('legs')} kind="number">
                {session ? `${legsUp}/${session.legs.length}` : <Dash />}
            </Cell>
            <Cell of={text('learnedRoutes')}>
                {session && session.learned_routes.length > 0 ? (
                    <Prefixes list={session.learned_routes} rest={(count) => text('more', { count })} />
                ) : session ? (
                    <span class="quiet">{text('none')}</span>
                ) : (
                    <Dash />
                )}
            </Cell>
            <Cell of={text('reason')} kind="wide">
                {session?.reason ?? <Dash />}
            </Cell>
            <Cell of={text('updated')} kind="end">
                {session ? <Age at={session.updated_at} /> : <Dash />}
            </Cell>
        </tr>
    );
}

export function SessionRows({ rows, complete }: SessionList) {
    const text = useText();
    const [state, setState] = useState<SessionState | 'all'>('all');
    const [search, setSearch] = useState('');
    const [most, setMost] = useState(pieceRows);
    const found = useMemo(() => rowsLike(rows, state, search), [rows, state, search]);
    const counts = useMemo(() => countStates(rows), [rows]);

    const options: Option<SessionState | 'all'>[] = [
        { value: 'all', label: <Counter name={text('all')} count={rows.length} /> },
        ...stateOrder
            .filter((value) => value !== 'disabled' || counts.disabled > 0 || state === 'disabled')
            .map((value) => ({
                value,
                label: <Counter shape={value} name={text(value)} count={counts[value]} />,
            })),
    ];
    if (rows.length === 0 && complete) {
        return <p class="panel">{text('noSessions')}</p>;
    }
    return (
        <>
            <div class="filters">
                <Choice legend={text('state')} options={options} value={state} choose={setState} />
                <input
                    type="search"
                    class="search"
                    placeholder={text('filter')}
                    aria-label={text('filter')}
                    value={search}
                    onInput={(event) => setSearch(event.currentTarget.value)}
                />
            </div>
            <p class="progress" role="status">
                {!complete && text('soFar', { count: rows.length })}
            </p>
            {found.length === 0 ? (
                <p class="panel">{text('noMatch')}</p>
            ) : (
                <Table
                    caption={text('sessions')}
                    columns={[
                        { name: text('server') },
                        { name: text('family') },
                        { name: text('state') },
                        { name: text('legs'), kind: 'number' },
                        { name: text('learnedRoutes') },
                        { name: text('reason'), kind: 'wide' },
                        { name: text('updated'), kind: 'end' },
                    ]}
                >
                    {found.slice(0, most).map((row) => (
                        <SessionRow key={`${row.server.id} ${row.family}`} row={row} />
                    ))}
                </Table>
            )}
            {found.length > most && (
                <button type="button" onClick={() => setMost(most + pieceRows)}>
                    {text('showMore', { count: Math.min(pieceRows, found.length - most) })}
                </button>
            )}
        </>
    );
}

function Counter({ shape, name, count }: { shape?: SessionState; name: string; count: number }) {
    return (
        <span class="counter">
            {shape && <StateMark shape={shape} />}
            {name} <strong>{count}</strong>
        </span>
    );
}
