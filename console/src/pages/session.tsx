/* A session: what it is with each router, why, what happened, which routes, and what the server's daemon needs. */
import { useState } from 'preact/hooks';
import * as calls from '../api/calls';
import type { Session } from '../api/types';
import { useMayWrite } from '../api/who';
import { useLive } from '../live/use_live';
import { ActButton, ActionError, useAction, Waiting } from '../parts/action';
import { Age, Time } from '../parts/age';
import { Configuration } from '../parts/configuration';
import { Dialog } from '../parts/dialog';
import { Fact, Facts, Head } from '../parts/facts';
import { Gauge } from '../parts/gauge';
import { Legs } from '../parts/legs';
import { Manage } from '../parts/manage';
import { RouteRows } from '../parts/route_rows';
import { State } from '../parts/state';
import { Timeline } from '../parts/timeline';
import { hrefOf, projectHref } from '../route';
import { useText } from '../text/text';
import { familyName } from '../words/family';

async function load(id: string, signal: AbortSignal) {
    const [session, routes, timeline] = await Promise.all([
        calls.session(id, signal),
        calls.routes(id, signal),
        calls.timeline(id, null, signal),
    ]);
    const project = await calls.project(session.project_id, signal);
    return { session, routes, timeline, project };
}

function Verdict({ session }: { session: Session }) {
    const text = useText();
    return (
        <div class={`verdict ${session.state}`} role="status">
            <p>
                <State state={session.state} />{' '}
                <span class="quiet">
                    <Age at={session.since} as="lasting" />
                </span>
            </p>
            {session.reason && <p class="reason">{session.reason}</p>}
            <p class="quiet">
                {text('updated')}: <Age at={session.updated_at} />
            </p>
        </div>
    );
}

function SessionFacts({ session }: { session: Session }) {
    const text = useText();
    return (
        <Facts>
            <Fact name={text('serverAddress')}>
                <code>{session.customer_ip}</code>
            </Fact>
            <Fact name={text('serverAs')}>{session.customer_as}</Fact>
            <Fact name={text('routerAs')}>{session.peer_as}</Fact>
            <Fact name={`${text('flaps')}: ${text('flapsHour')} / ${text('flapsDay')} / ${text('flapsWeek')}`}>
                {session.flaps.hour} / {session.flaps.day} / {session.flaps.week}
            </Fact>
            <Fact name={text('created')}>
                <Time at={session.created_at} />
            </Fact>
        </Facts>
    );
}

export function SessionPage({ id }: { id: string }) {
    const text = useText();
    const mayWrite = useMayWrite();
    const [resetting, setResetting] = useState(false);
    const update = useAction();
    const { data, error, reload } = useLive(`session ${id}`, { session: id }, (signal) => load(id, signal));
    if (!data) {
        return <Waiting error={error} retry={() => void reload()} />;
    }
    const { session, routes, timeline, project } = data;
    const act = (what: (id: string) => Promise<void>) => async () => {
        await what(id);
        await reload();
    };
    return (
        <>
            <Head
                trail={[
                    { name: text('projects'), href: hrefOf({ page: 'projects' }) },
                    { name: project.name, href: projectHref(project.id) },
                    { name: session.device.hostname, href: hrefOf({ page: 'server', id: session.device.id }) },
                ]}
                title={`${session.device.hostname} ${familyName[session.address_family]}`}
            >
                {mayWrite && (
                    <button type="button" onClick={() => setResetting(true)}>
                        {text('reset')}
                    </button>
                )}
                <ActButton action={update} what={act(calls.updateSession)} busyLabel={`${text('updating')}…`}>
                    {text('updateNow')}
                </ActButton>
            </Head>
            <ActionError action={update} />
            <Verdict session={session} />
            <SessionFacts session={session} />
            <h2>{text('legs')}</h2>
            <Legs session={session} />
            <div class="columns">
                <section>
                    <h2>{text('prefixes')}</h2>
                    <Gauge session={session} />
                </section>
                <section>
                    <h2>{text('manage')}</h2>
                    <Manage
                        server={session.device}
                        family={session.address_family}
                        session={session}
                        changed={reload}
                    />
                </section>
            </div>
            <h2>{text('timeline')}</h2>
            <Timeline session={session} first={timeline} />
            <h2>{text('routes')}</h2>
            <RouteRows routes={routes} />
            <h2>{text('configuration')}</h2>
            <Configuration session={session} hasMd5={project.bgp?.has_md5 ?? false} />
            {resetting && (
                <Dialog
                    title={text('resetTitle')}
                    confirm={text('reset')}
                    dangerous={session.state === 'up' || session.state === 'partial'}
                    act={act(calls.resetSession)}
                    close={() => setResetting(false)}
                >
                    <p>{text('resetMeans')}</p>
                </Dialog>
            )}
        </>
    );
}
