/* Routes, with what the routers made of each. */
import { useState } from 'preact/hooks';
import type { Route } from '../api/types';
import { hrefOf } from '../route';
import { useText } from '../text/text';
import { Age } from './age';
import { Choice } from './choice';
import { StateMark } from './state';
import { Cell, Dash, Table, type Column } from './table';

const pieceRows = 200;

type Wanted = 'all' | 'accepted' | 'rejected';

function RouteRow({ route, withServer }: { route: Route; withServer: boolean }) {
    const text = useText();
    return (
        <tr>
            <Cell kind="title">
                <code>{route.prefix}</code>
            </Cell>
            {withServer && (
                <Cell of={text('server')}>
                    <a href={hrefOf({ page: 'session', id: route.session_id })}>{route.device.hostname}</a>
                </Cell>
            )}
            <Cell of={text('router')}>
                <a href={hrefOf({ page: 'router', id: route.router.id })}>{route.router.name}</a>
            </Cell>
            <Cell of={text('verdict')} kind="wide">
                <span class={`state ${route.accepted ? 'up' : 'down'}`}>
                    <StateMark shape={route.accepted ? 'up' : 'down'} />
                    {text(route.accepted ? 'accepted' : 'rejected')}
                </span>
                {route.reason && <p class="why">{route.reason}</p>}
            </Cell>
            <Cell of={text('nextHop')}>
                <code>{route.next_hop}</code>
            </Cell>
            <Cell of={text('asPath')}>
                <code>{route.as_path}</code>
            </Cell>
            <Cell of={text('origin')}>{route.origin}</Cell>
            <Cell of={text('med')} kind="number">
                {route.med ?? <Dash />}
            </Cell>
            <Cell of={text('communities')}>
                {route.communities.length > 0 ? <code>{route.communities.join(' ')}</code> : <Dash />}
            </Cell>
            <Cell of={text('receivedAt')} kind="end">
                <Age at={route.received_at} />
            </Cell>
        </tr>
    );
}

export function RouteTable({ routes, withServer = false }: { routes: Route[]; withServer?: boolean }) {
    const text = useText();
    const [most, setMost] = useState(pieceRows);
    const columns: (Column | false)[] = [
        { name: text('prefix') },
        withServer && { name: text('server') },
        { name: text('router') },
        { name: text('verdict'), kind: 'wide' },
        { name: text('nextHop') },
        { name: text('asPath') },
        { name: text('origin') },
        { name: text('med'), kind: 'number' },
        { name: text('communities') },
        { name: text('receivedAt'), kind: 'end' },
    ];
    return (
        <>
            <Table caption={text('routes')} columns={columns.filter((column) => column !== false)}>
                {routes.slice(0, most).map((route, i) => (
                    <RouteRow
                        key={`${route.prefix} ${route.router.id} ${route.session_id} ${i}`}
                        {...{ route, withServer }}
                    />
                ))}
            </Table>
            {routes.length > most && (
                <button type="button" onClick={() => setMost(most + pieceRows)}>
                    {text('showMore', { count: Math.min(pieceRows, routes.length - most) })}
                </button>
            )}
        </>
    );
}

export function RouteRows({ routes }: { routes: Route[] }) {
    const text = useText();
    const [wanted, setWanted] = useState<Wanted>('all');
    const of = {
        all: routes,
        accepted: routes.filter((route) => route.accepted),
        rejected: routes.filter((route) => !route.accepted),
    };
    const label = (key: Wanted) => (
        <span class="counter">
            {text(key)} <strong>{of[key].length}</strong>
        </span>
    );
    return (
        <>
            <Choice
                legend={text('verdict')}
                options={[
                    { value: 'all', label: label('all') },
                    { value: 'accepted', label: label('accepted') },
                    { value: 'rejected', label: label('rejected') },
                ]}
                value={wanted}
                choose={setWanted}
            />
            {of[wanted].length === 0 ? <p class="panel">{text('noRoutes')}</p> : <RouteTable routes={of[wanted]} />}
        </>
    );
}
