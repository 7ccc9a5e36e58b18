/* A router: whether it can be read, and the sessions on it. */
import { useMemo } from 'preact/hooks';
import * as calls from '../api/calls';
import { useLive } from '../live/use_live';
import { Waiting } from '../parts/action';
import { Age } from '../parts/age';
import { Fact, Facts, Head } from '../parts/facts';
import { SessionRows } from '../parts/session_rows';
import { RouterState } from '../parts/state';
import { hrefOf } from '../route';
import { useText } from '../text/text';
import { rowsOf } from '../words/rows';

async function load(id: string, signal: AbortSignal) {
    const [router, sessions] = await Promise.all([calls.router(id, signal), calls.sessions('router', id, signal)]);
    return { router, sessions };
}

export function RouterPage({ id }: { id: string }) {
    const text = useText();
    const { data, error, reload } = useLive(
        `router ${id}`,
        {},
        (signal) => load(id, signal),
        (event) => event.router_id === id,
    );
    const rows = useMemo(() => (data ? rowsOf(data.sessions, []) : []), [data]);
    if (!data) {
        return <Waiting error={error} retry={() => void reload()} />;
    }
    const { router } = data;
    const peers = [router.peer_ipv4, router.peer_ipv6].filter((address) => address !== null);
    return (
        <>
            <Head trail={[{ name: text('routers'), href: hrefOf({ page: 'routers' }) }]} title={router.name} />
            <div class={`verdict ${router.state === 'readable' ? 'up' : 'unknown'}`} role="status">
                <p>
                    <RouterState state={router.state} />{' '}
                    <span class="quiet">
                        <Age at={router.since} bare />
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
                    {peers.map((address) => (
                        <>
                            <code>{address}</code>{' '}
                        </>
                    ))}
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
            <SessionRows rows={rows} />
        </>
    );
}
