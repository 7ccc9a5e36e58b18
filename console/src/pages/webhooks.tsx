/* Where events of a project are delivered to, and how the last delivery went. */
import { useState } from 'preact/hooks';
import * as calls from '../api/calls';
import type { Named, ProjectView, Webhook } from '../api/types';
import { useMayWrite } from '../api/who';
import { useLive } from '../live/use_live';
import { Waiting } from '../parts/action';
import { Age } from '../parts/age';
import { Confirm } from '../parts/confirm';
import { Dialog } from '../parts/dialog';
import { Field } from '../parts/field';
import { ScopeHead } from '../parts/scope';
import { Secret } from '../parts/secret';
import { StateMark } from '../parts/state';
import { Cell, Table, type Column } from '../parts/table';
import { projectHref } from '../route';
import { useText } from '../text/text';
import { deliveryState, holdOffIsGood, holdOffMaxS, urlIsGood } from '../words/webhook';
import { loadScope } from './events';

async function load(id: string | null, signal: AbortSignal) {
    const [project, webhooks, projects] = await Promise.all([
        loadScope(id, signal),
        calls.webhooks(signal),
        id === null ? calls.projects(signal) : [],
    ]);
    return { project, webhooks: webhooks.filter((hook) => id === null || hook.project_id === id), projects };
}

interface WebhookRowProps {
    hook: Webhook;
    project: Named | undefined; // where its projects are told apart
    mayWrite: boolean;
    changed: () => Promise<void>;
}

function WebhookRow({ hook, project, mayWrite, changed }: WebhookRowProps) {
    const text = useText();
    const state = deliveryState(hook);
    const remove = async () => {
        await calls.deleteWebhook(hook.id);
        await changed();
    };
    return (
        <tr>
            <Cell kind="title">{hook.url}</Cell>
            {project && (
                <Cell of={text('project')}>
                    <a href={projectHref(project.id, 'webhooks')}>{project.name}</a>
                </Cell>
            )}
            <Cell of={text('lastDelivery')} kind="wide">
                <span class={`state ${state}`}>
                    <StateMark shape={state} />
                    {hook.last_status ?? text('nothingDelivered')}
                </span>
                {hook.failures > 0 && <p class="why">{text('deliveryFailures', { count: hook.failures })}</p>}
            </Cell>
            <Cell of={text('holdOff')} kind="number">
                {text('ageS', { count: hook.hold_off_s })}
            </Cell>
            <Cell of={text('created')} kind="end">
                <Age at={hook.created_at} />
            </Cell>
            {mayWrite && (
                <Cell kind="end">
                    <Confirm
                        label={text('remove')}
                        describe={text('removeWebhook', { url: hook.url })}
                        title={text('removeWebhookTitle')}
                        act={remove}
                    >
                        <p>{text('removeWebhookMeans', { url: hook.url })}</p>
                    </Confirm>
                </Cell>
            )}
        </tr>
    );
}

interface WebhookDialogProps {
    project: ProjectView;
    made: (secret: string) => Promise<void>;
    close: () => void;
}

function WebhookDialog({ project, made, close }: WebhookDialogProps) {
    const text = useText();
    const [url, setUrl] = useState('');
    const [holdOff, setHoldOff] = useState('5');
    const create = async () => {
        const wish = { project_id: project.id, url: url.trim(), hold_off_s: Number(holdOff) };
        await made(await calls.createWebhook(wish));
    };
    return (
        <Dialog
            title={text('newWebhook')}
            confirm={text('create')}
            ready={urlIsGood(url) && holdOffIsGood(holdOff)}
            act={create}
            close={close}
        >
            <Field label="URL" inputMode="url" value={url} change={setUrl} wrong={!urlIsGood(url)}>
                {text('webhookMeans')}
            </Field>
            <Field
                label={text('holdOff')}
                inputMode="numeric"
                value={holdOff}
                change={setHoldOff}
                wrong={!holdOffIsGood(holdOff)}
            >
                {text('holdOffMeans', { most: holdOffMaxS })}
            </Field>
        </Dialog>
    );
}

export function WebhooksPage({ project: id }: { project: string | null }) {
    const text = useText();
    const mayWrite = useMayWrite();
    const [creating, setCreating] = useState(false);
    const [secret, setSecret] = useState<string | null>(null);
    const { data, error, reload } = useLive(`webhooks ${id}`, id === null ? {} : { project: id }, (signal) =>
        load(id, signal),
    );
    if (!data) {
        return <Waiting error={error} retry={() => void reload()} />;
    }
    const { project, webhooks, projects } = data;
    const made = async (text: string) => {
        setSecret(text);
        await reload();
    };
    const columns: (Column | false)[] = [
        { name: 'URL' },
        id === null && { name: text('project') },
        { name: text('lastDelivery'), kind: 'wide' },
        { name: text('holdOff'), kind: 'number' },
        { name: text('created'), kind: 'end' },
        mayWrite && { name: '' },
    ];
    return (
        <>
            <ScopeHead project={project} tab="webhooks">
                {mayWrite && project && (
                    <button type="button" class="primary" onClick={() => setCreating(true)}>
                        {text('newWebhook')}
                    </button>
                )}
            </ScopeHead>
            {secret !== null && !creating && (
                <Secret title={text('webhookMade')} secret={secret} done={() => setSecret(null)} />
            )}
            {webhooks.length === 0 ? (
                <p class="panel">{text(project ? 'noWebhooks' : 'noWebhooksAnywhere')}</p>
            ) : (
                <Table caption={text('webhooks')} columns={columns.filter((column) => column !== false)}>
                    {webhooks.map((hook) => (
                        <WebhookRow
                            key={hook.id}
                            hook={hook}
                            project={
                                id === null
                                    ? (projects.find((each) => each.id === hook.project_id) ?? {
                                          id: hook.project_id,
                                          name: hook.project_id,
                                      })
                                    : undefined
                            }
                            mayWrite={mayWrite}
                            changed={reload}
                        />
                    ))}
                </Table>
            )}
            {creating && project && <WebhookDialog {...{ project, made }} close={() => setCreating(false)} />}
        </>
    );
}
