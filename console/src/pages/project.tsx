/* A project: its BGP, and every session of its servers. */
import { useState } from 'preact/hooks';
import * as calls from '../api/calls';
import type { ProjectView, Session } from '../api/types';
import { useMayWrite, useWho } from '../api/who';
import { useSessions } from '../live/session_list';
import { ActButton, ActionError, useAction, Waiting } from '../parts/action';
import { BgpDialog } from '../parts/bgp_dialog';
import { Fact, Facts } from '../parts/facts';
import { LimitsDialog } from '../parts/limits_dialog';
import { ScopeHead } from '../parts/scope';
import { SessionRows } from '../parts/session_rows';
import { Prefixes } from '../parts/table';
import { useText } from '../text/text';

const ofProject = (id: string) => ({
    head: (signal: AbortSignal) => calls.project(id, signal),
    sessions: (signal: AbortSignal, progress: (found: Session[]) => Promise<void>) =>
        calls.sessions('project', id, signal, progress),
    devices: (signal: AbortSignal) => calls.devices(id, signal),
});

function Md5({ project }: { project: ProjectView }) {
    const text = useText();
    const [password, setPassword] = useState<string | null>(null);
    const action = useAction();
    if (!project.bgp?.has_md5) {
        return <span class="quiet">{text('notApplicable')}</span>;
    }
    if (password !== null) {
        return (
            <>
                <code>{password}</code>{' '}
                <button type="button" class="plain" onClick={() => setPassword(null)}>
                    {text('hide')}
                </button>
            </>
        );
    }
    const show = () => action.run(async () => setPassword(await calls.md5(project.id)));
    return (
        <>
            <span aria-hidden="true">••••••••</span>{' '}
            <button type="button" class="plain" onClick={() => void show()}>
                {text('show')}
            </button>
            <ActionError action={action} />
        </>
    );
}

const statusKeys = { enabled: 'bgpEnabled', requested: 'bgpRequested', disabled: 'bgpDisabled' } as const;

function BgpFacts({ project }: { project: ProjectView }) {
    const text = useText();
    const { bgp } = project;
    if (!bgp) {
        return <p class="panel">{text('bgpNever')}</p>;
    }
    return (
        <Facts>
            <Fact name={text('bgpType')}>{text(bgp.deployment_type)}</Fact>
            <Fact name={text('asn')}>{bgp.asn}</Fact>
            <Fact name={text('status')}>{text(statusKeys[bgp.status])}</Fact>
            <Fact name={text('md5')}>
                <Md5 project={project} />
            </Fact>
            <Fact name={text('prefixLimit')}>{text('perSession', { count: bgp.max_prefix })}</Fact>
            <Fact name={text('mayAnnounce')}>
                {project.prefixes.length > 0 ? (
                    <Prefixes list={project.prefixes} rest={(count) => text('more', { count })} most={4} />
                ) : (
                    <span class="quiet">{text('none')}</span>
                )}
            </Fact>
        </Facts>
    );
}

export function ProjectPage({ id }: { id: string }) {
    const text = useText();
    const who = useWho();
    const mayWrite = useMayWrite();
    const [limiting, setLimiting] = useState(false);
    const [editing, setEditing] = useState<{ md5: string | null } | null>(null);
    const edit = useAction();
    const update = useAction();
    const { data, error, reload } = useSessions(`project ${id}`, { project: id }, ofProject(id));
    if (!data) {
        return <Waiting error={error} retry={() => void reload()} />;
    }
    const { head: project, sessions } = data;
    const updateNow = async () => {
        await calls.updateProject(id);
        await reload();
    };
    const beginEdit = () =>
        edit.run(async () => setEditing({ md5: project.bgp?.has_md5 ? await calls.md5(id) : null }));
    return (
        <>
            <ScopeHead project={project} tab="sessions">
                {mayWrite && who?.kind === 'provider' && project.bgp && (
                    <button
                        type="button"
                        class={project.bgp.status === 'requested' ? 'primary' : undefined}
                        onClick={() => setLimiting(true)}
                    >
                        {text(project.bgp.status === 'requested' ? 'approve' : 'limits')}
                    </button>
                )}
                {mayWrite && (
                    <button type="button" class={project.bgp ? undefined : 'primary'} onClick={() => void beginEdit()}>
                        {text(project.bgp ? 'changeBgp' : 'enableBgp')}
                    </button>
                )}
                <ActButton action={update} what={updateNow} busyLabel={`${text('updating')}…`}>
                    {text('updateNow')}
                </ActButton>
            </ScopeHead>
            <ActionError action={edit.error ? edit : update} />
            <BgpFacts project={project} />
            <h2>{text('sessions')}</h2>
            <SessionRows {...sessions} />
            {limiting && project.bgp && (
                <LimitsDialog
                    project={project}
                    bgp={project.bgp}
                    changed={reload}
                    close={() => setLimiting(false)}
                />
            )}
            {editing && (
                <BgpDialog project={project} md5={editing.md5} changed={reload} close={() => setEditing(null)} />
            )}
        </>
    );
}
