/* Ready-made configuration for the server's daemon. It holds the MD5 password, if there is one: fetched on demand. */
import { useEffect, useState } from 'preact/hooks';
import * as calls from '../api/calls';
import { daemons, type Daemon, type Session } from '../api/types';
import { useText } from '../text/text';
import { ActionError, useAction } from './action';
import { Choice } from './choice';
import { Copy } from './copy';

const names: Record<Daemon, string> = {
    bird: 'BIRD 2',
    frr: 'FRR',
    gobgp: 'GoBGP',
    openbgpd: 'OpenBGPD',
    exabgp: 'ExaBGP',
    godwitd: 'godwitd',
};

export function Configuration({ session, hasMd5 }: { session: Session; hasMd5: boolean }) {
    const text = useText();
    const [daemon, setDaemon] = useState<Daemon | null>(null);
    const [config, setConfig] = useState('');
    const action = useAction();

    useEffect(() => {
        const ended = new AbortController();
        setConfig('');
        if (daemon) {
            void action.run(async () => {
                const found = await calls.configuration(session.id, daemon, ended.signal);
                if (!ended.signal.aborted) {
                    setConfig(found);
                }
            });
        }
        return () => ended.abort();
    }, [session.id, daemon]);

    return (
        <>
            <p class="help">{text('configurationMeans', { server: session.device.hostname })}</p>
            {daemon === null ? (
                <button type="button" onClick={() => setDaemon('bird')}>
                    {text(hasMd5 ? 'showConfigurationMd5' : 'showConfiguration')}
                </button>
            ) : (
                <Choice
                    legend={text('configuration')}
                    options={daemons.map((value) => ({ value, label: names[value] }))}
                    value={daemon}
                    choose={setDaemon}
                />
            )}
            <ActionError action={action} />
            {config && (
                <div class="code">
                    <Copy what={config} />
                    <pre tabIndex={0}>
                        <code>{config}</code>
                    </pre>
                </div>
            )}
        </>
    );
}
