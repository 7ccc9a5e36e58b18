/* What happened to a session: the last day as a band, every change as a line. */
import * as calls from '../api/calls';
import type { Piece, Session, TimelineEntry } from '../api/types';
import { hrefOf } from '../route';
import { useText } from '../text/text';
import { Time } from './age';
import { useOlder } from './older';
import { State, stateName } from './state';
import { Strip } from './strip';
import { Cell, Dash, Table } from './table';

interface TimelineProps {
    session: Session;
    first: Piece<TimelineEntry>;
}

function Entry({ entry }: { entry: TimelineEntry }) {
    const text = useText();
    return (
        <tr>
            <Cell kind="title">
                <Time at={entry.at} />
            </Cell>
            <Cell of={text('state')}>
                <State state={entry.session_state} />
            </Cell>
            <Cell of={text('router')}>
                {entry.router.name === null ? (
                    <Dash />
                ) : (
                    <a href={hrefOf({ page: 'router', id: entry.router.id })}>{entry.router.name}</a>
                )}
            </Cell>
            <Cell of={text('change')}>
                {entry.from === entry.to
                    ? text('stillState', { state: stateName(text, entry.to) })
                    : `${stateName(text, entry.from)} → ${stateName(text, entry.to)}`}
            </Cell>
            <Cell of={text('reason')} kind="wide">
                {entry.reason ?? <Dash />}
            </Cell>
        </tr>
    );
}

export function Timeline({ session, first }: TimelineProps) {
    const text = useText();
    const { rows, button } = useOlder(first, (cursor, signal) => calls.timeline(session.id, cursor, signal));
    if (rows.length === 0) {
        return <p class="panel">{text('noTimeline')}</p>;
    }
    return (
        <>
            <Strip session={session} timeline={rows} />
            <Table
                caption={text('timeline')}
                columns={[
                    { name: text('time') },
                    { name: text('state') },
                    { name: text('router') },
                    { name: text('change') },
                    { name: text('reason'), kind: 'wide' },
                ]}
            >
                {rows.map((entry) => (
                    <Entry key={entry.id} entry={entry} />
                ))}
            </Table>
            {button}
        </>
    );
}
