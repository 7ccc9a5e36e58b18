/* A session as each router sees it. */
import type { Leg, Session } from '../api/types';
import { hrefOf } from '../route';
import { useText } from '../text/text';
import { Age } from './age';
import { State } from './state';
import { Cell, Dash, Table } from './table';

function LegRow({ leg }: { leg: Leg }) {
    const text = useText();
    return (
        <tr>
            <Cell kind="title">
                <a href={hrefOf({ page: 'router', id: leg.router.id })}>{leg.router.name}</a>
            </Cell>
            <Cell of={text('state')}>
                <State state={leg.state} />
            </Cell>
            <Cell of={text('sinceColumn')}>
                <Age at={leg.since} as="bare" />
            </Cell>
            <Cell of={text('peerAddress')}>
                <code>{leg.peer_ip}</code>
            </Cell>
            <Cell of={text('fsm')}>{leg.fsm ? leg.fsm.toLowerCase() : <Dash />}</Cell>
            <Cell of={text('received')} kind="number">
                {leg.received}
            </Cell>
            <Cell of={text('accepted')} kind="number">
                {leg.accepted}
            </Cell>
            <Cell of={text('rejected')} kind="number">
                {leg.rejected}
            </Cell>
            <Cell of={text('reason')} kind="wide">
                {leg.reason ?? <Dash />}
            </Cell>
            <Cell of={text('heard')} kind="end">
                <Age at={leg.updated_at} />
            </Cell>
        </tr>
    );
}

export function Legs({ session }: { session: Session }) {
    const text = useText();
    return (
        <Table
            caption={text('legs')}
            columns={[
                { name: text('router') },
                { name: text('state') },
                { name: text('sinceColumn') },
                { name: text('peerAddress') },
                { name: text('fsm') },
                { name: text('received'), kind: 'number' },
                { name: text('accepted'), kind: 'number' },
                { name: text('rejected'), kind: 'number' },
                { name: text('reason'), kind: 'wide' },
                { name: text('heard'), kind: 'end' },
            ]}
        >
            {session.legs.map((leg) => (
                <LegRow key={leg.id} leg={leg} />
            ))}
        </Table>
    );
}
