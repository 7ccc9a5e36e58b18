import * as calls from '../api/calls';
import type { Router } from '../api/types';
import { useLive } from '../live/use_live';
import { Waiting } from '../parts/action';
import { Age } from '../parts/age';
import { Head } from '../parts/facts';
import { RouterState } from '../parts/state';
import { Cell, Dash, Table } from '../parts/table';
import { hrefOf } from '../route';
import { useText } from '../text/text';

function RouterRow({ router, counted }: { router: Router; counted: boolean }) {
    const text = useText();
    return (
        <tr>
            <Cell kind="title">
                <a href={hrefOf({ page: 'router', id: router.id })}>{router.name}</a>
            </Cell>
            <Cell of={text('metro')}>{router.metro.code}</Cell>
            <Cell of={text('state')}>
                <RouterState state={router.state} />
            </Cell>
            <Cell of={text('asn')} kind="number">
                {router.asn}
            </Cell>
            {counted &&
                (['up', 'down', 'unknown'] as const).map((state) => (
                    <Cell of={text(state)} kind="number">
                        {router.sessions?.[state] ?? 0}
                    </Cell>
                ))}
            <Cell of={text('reason')} kind="wide">
                {router.reason ?? <Dash />}
            </Cell>
            <Cell of={text('heard')} kind="end">
                <Age at={router.heard_at} />
            </Cell>
        </tr>
    );
}

export function RoutersPage() {
    const text = useText();
    const { data, error, reload } = useLive('routers', {}, (signal) => calls.routers(signal), {
        concerns: (event) => /^(router|bgp_leg)\./.test(event.type),
    });
    if (!data) {
        return <Waiting error={error} retry={() => void reload()} />;
    }
    const counted = data.some((router) => router.sessions);
    return (
        <>
            <Head trail={[]} title={text('routers')} />
            {data.length === 0 ? (
                <p class="panel">{text('noRouters')}</p>
            ) : (
                <Table
                    caption={text('routers')}
                    columns={[
                        { name: text('router') },
                        { name: text('metro') },
                        { name: text('state') },
                        { name: text('asn'), kind: 'number' },
                        ...(counted
                            ? (['up', 'down', 'unknown'] as const).map((state) => ({
                                  name: text(state),
                                  kind: 'number' as const,
                              }))
                            : []),
                        { name: text('reason'), kind: 'wide' },
                        { name: text('heard'), kind: 'end' },
                    ]}
                >
                    {data.map((router) => (
                        <RouterRow key={router.id} router={router} counted={counted} />
                    ))}
                </Table>
            )}
        </>
    );
}
