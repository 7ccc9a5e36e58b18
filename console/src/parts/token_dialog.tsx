/* A new token: what for, for whom, what it may, and until when. */
import { useState } from 'preact/hooks';
import * as calls from '../api/calls';
import type { Named, User } from '../api/types';
import { useWho } from '../api/who';
import { useText } from '../text/text';
import { now } from '../words/clock';
import { descriptionIsGood, kindsFor, lifetimes, tokenFormIsGood, wishOf, type TokenForm } from '../words/token_form';
import { Choice } from './choice';
import { Dialog } from './dialog';
import { Field, Select } from './field';

interface TokenDialogProps {
    project: Named | null; // null: any of `projects`, or another kind of token
    projects: Named[];
    users: User[];
    made: (secret: string) => Promise<void>;
    close: () => void;
}

export function TokenDialog({ project, projects, users, made, close }: TokenDialogProps) {
    const text = useText();
    const who = useWho();
    const kinds = kindsFor(project ? null : who).filter((kind) => kind !== 'project' || projects.length > 0);
    const people = users.map(({ id, full_name, email }) => ({ id, name: `${full_name} <${email}>` }));
    const [form, setForm] = useState<TokenForm>(() => ({
        kind: kinds[0] ?? 'project',
        scope: 'read',
        description: '',
        userId: who?.user_id ?? users[0]?.id ?? '',
        projectId: project?.id ?? projects[0]?.id ?? '',
        lifetime: '90',
    }));
    const change = (part: Partial<TokenForm>) => setForm({ ...form, ...part });
    const create = async () => made(await calls.createToken(wishOf(form, now())));
    return (
        <Dialog
            title={text('newToken')}
            confirm={text('create')}
            ready={tokenFormIsGood(form)}
            act={create}
            close={close}
        >
            <Field
                label={text('description')}
                value={form.description}
                change={(description) => change({ description })}
                wrong={!descriptionIsGood(form.description)}
            >
                {text('descriptionHelp')}
            </Field>
            {kinds.length > 1 && (
                <>
                    <p class="name">{text('kind')}</p>
                    <Choice
                        legend={text('kind')}
                        options={kinds.map((value) => ({ value, label: text(value) }))}
                        value={form.kind}
                        choose={(kind) => change({ kind })}
                    />
                </>
            )}
            {!project && form.kind === 'project' && (
                <Select
                    label={text('project')}
                    options={projects}
                    value={form.projectId}
                    change={(projectId) => change({ projectId })}
                />
            )}
            {form.kind === 'user' && people.length > 0 && (
                <Select
                    label={text('user')}
                    options={people}
                    value={form.userId}
                    change={(userId) => change({ userId })}
                />
            )}
            <p class="name">{text('scope')}</p>
            <Choice
                legend={text('scope')}
                options={(['read', 'write'] as const).map((value) => ({ value, label: text(value) }))}
                value={form.scope}
                choose={(scope) => change({ scope })}
            />
            <p class="name">{text('expires')}</p>
            <Choice
                legend={text('expires')}
                options={lifetimes.map((value) => ({
                    value,
                    label: value === 'never' ? text('neverExpires') : text('inDays', { count: value }),
                }))}
                value={form.lifetime}
                choose={(lifetime) => change({ lifetime })}
            />
        </Dialog>
    );
}
