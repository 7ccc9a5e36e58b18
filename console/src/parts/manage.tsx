/* The two switches of a session: whether there is one, and whether the routers announce a default route to it. */
import { useState } from 'preact/hooks';
import * as calls from '../api/calls';
import type { Family, Server, Session } from '../api/types';
import { useMayWrite } from '../api/who';
import { useText } from '../text/text';
import { defaultRouteOf, familyName } from '../words/family';
import { ActionError, useAction } from './action';
import { Dialog } from './dialog';
import { Switch } from './switch';

interface ManageProps {
    server: Server;
    family: Family;
    session: Session | null;
    changed: () => Promise<void>;
}

export function Manage({ server, family, session, changed }: ManageProps) {
    const text = useText();
    const mayWrite = useMayWrite();
    const [asking, setAsking] = useState(false);
    const action = useAction();

    const change = (what: () => Promise<void>) =>
        action.run(async () => {
            await what();
            await changed();
        });
    const turnSession = (on: boolean) => {
        if (on) {
            void change(() => calls.enable(server.id, family));
        } else {
            setAsking(true);
        }
    };
    return (
        <div class="manage">
            <Switch
                on={session !== null}
                label={text('bgpSession')}
                disabled={!mayWrite || action.busy}
                turn={turnSession}
            >
                {text('sessionSwitchMeans')}
            </Switch>
            <Switch
                on={session?.default_route ?? false}
                label={text('defaultRoute')}
                disabled={!mayWrite || action.busy || session === null}
                turn={(on) => session && void change(() => calls.setDefaultRoute(session.id, on))}
            >
                {text('defaultRouteMeans', { prefix: defaultRouteOf[family] })}
            </Switch>
            {!mayWrite && <p class="help">{text('readOnly')}</p>}
            <ActionError action={action} />
            {asking && session && (
                <DisableDialog server={server} session={session} changed={changed} close={() => setAsking(false)} />
            )}
        </div>
    );
}

interface DisableDialogProps {
    server: Server;
    session: Session;
    changed: () => Promise<void>;
    close: () => void;
}

function DisableDialog({ server, session, changed, close }: DisableDialogProps) {
    const text = useText();
    const disable = async () => {
        await calls.disable(session.id);
        await changed();
    };
    return (
        <Dialog
            title={text('disableTitle', { family: familyName[session.address_family], server: server.hostname })}
            confirm={text('disableSession')}
            dangerous
            act={disable}
            close={close}
        >
            {session.learned_routes.length > 0 ? (
                <>
                    <p>{text('disableWarning')}</p>
                    <ul class="prefix-list">
                        {session.learned_routes.map((prefix) => (
                            <li>
                                <code>{prefix}</code>
                            </li>
                        ))}
                    </ul>
                </>
            ) : (
                <p>{text('disableNoRoutes')}</p>
            )}
            <p>{text('disableKeeps')}</p>
        </Dialog>
    );
}
