/* A router: whether it can be read, and the sessions on it. */
import * as calls from '../api/calls';
import type { FleetEvent, Session } from '../api/types';
import { useSessions } from '../live/session_list';
import { Waiting } from '../parts/action';
import { Age } from '../parts/age';
import { Fact, Facts, Head } from '../parts/facts';
import { SessionRows } from '../parts/session_rows';
import { RouterState } from '../parts/state';
import { Prefixes } from '../parts/table';
import { hrefOf } from '../route';
import { useText } from '../text/text';


const ofRouter = (id: string) => ({
    head: (signal: AbortSignal) => calls.router(id, signal),
    sessions: (signal: AbortSignal, progress: (found: Session[]) => Promise<void>) =>
        calls.sessions('router', id, signal, progress),
    devices: async () => [],
    concerns: (event: FleetEvent) => event.router_id === id,
});

export function RouterPage({ id }: { id: string }) {
    const text = useText();
    const { data, error, reload } = useSessions(`router ${id}`, {}, ofRouter(id));
    if (!data) {
        return <Waiting error={error} retry={() => void reload()} />;
    }
    const { head: router, sessions } = data;
    const peers = [router.peer_ipv4, router.peer_ipv6].filter((address) => address !== null);
    return (
        <>
            <Head trail={[{ name: text('routers'), href: hrefOf({ page: 'routers' }) }]} title={router.name} />
            <div class={`verdict ${router.state === 'readable' ? 'up' : 'unknown'}`} role="status">
                <p>
                    <RouterState state={router.state} />{' '}
                    <span class="quiet">
                        <Age at={router.since} as="lasting" />
                    </span>
                </p>
                {router.reason && <p class="reason">{router.reason}</p>}
                {router.state === 'unreadable' && <p>{text('routerSilent')}</p>}
                <p class="quiet">
                    {text('heard')}: <Age at={router.heard_at} />
                </p>
            </div>
            <Facts>
                <Fact name={text('metro')}>{router.metro.code}</Fact>
                <Fact name={text('asn')}>{router.asn}</Fact>
                <Fact name={text('peerAddresses')}>
                    <Prefixes list={peers} rest={(count) => text('more', { count })} />
                </Fact>
                <Fact name={text('multihop')}>{text(router.multihop ? 'yes' : 'no')}</Fact>
                {router.target !== undefined && (
                    <Fact name={text('target')}>
                        <code>{router.target}</code>
                    </Fact>
                )}
                {router.policy !== undefined && (
                    <Fact name={text('policy')}>{router.policy ?? text('policyGood')}</Fact>
                )}
            </Facts>
            <h2>{text('sessions')}</h2>
            <SessionRows {...sessions} />
        </>
    );
}
