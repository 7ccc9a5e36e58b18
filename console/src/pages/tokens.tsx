/* Tokens: of a project, or all that one may see. Their text is shown once, when they are made. */
import { useState } from 'preact/hooks';
import * as calls from '../api/calls';
import type { Named, Token } from '../api/types';
import { useMayWrite, useWho } from '../api/who';
import { useLive } from '../live/use_live';
import { Waiting } from '../parts/action';
import { Age, Time } from '../parts/age';
import { Confirm } from '../parts/confirm';
import { ScopeHead } from '../parts/scope';
import { Secret } from '../parts/secret';
import { Cell, Table, type Column } from '../parts/table';
import { TokenDialog } from '../parts/token_dialog';
import { projectHref } from '../route';
import { useText } from '../text/text';
import { useNow } from '../words/clock';
import { loadScope } from './events';

async function load(id: string | null, isProvider: boolean, signal: AbortSignal) {
    const [project, tokens, projects, users] = await Promise.all([
        loadScope(id, signal),
        calls.tokens(signal),
        id === null ? calls.projects(signal) : [],
        id === null && isProvider ? calls.users(signal) : [],
    ]);
    const shown = tokens.filter((token) => id === null || token.project_id === id);
    return { project, tokens: shown.reverse(), projects, users };
}

interface TokenRowProps {
    token: Token;
    project: Named | undefined;
    owner: string | undefined;
    changed: () => Promise<void>;
}

function TokenRow({ token, project, owner, changed }: TokenRowProps) {
    const text = useText();
    const who = useWho();
    const nowMs = useNow();
    const mine = who?.token_id === token.id;
    const name = token.description || token.id;
    const expired = token.expires_at !== null && Date.parse(token.expires_at) <= nowMs;
    const revoke = async () => {
        await calls.revokeToken(token.id);
        await changed();
    };
    return (
        <tr>
            <Cell kind="title">
                <span>
                    {name}
                    {mine && <span class="tag">{text('thisOne')}</span>}
                </span>
            </Cell>
            <Cell of={text('kind')}>
                <span class="links">
                    {text(token.kind)}
                    {project && <a href={projectHref(project.id, 'tokens')}>{project.name}</a>}
                    {owner && <span>{owner}</span>}
                </span>
            </Cell>
            <Cell of={text('scope')}>{text(token.scope)}</Cell>
            <Cell of={text('created')}>
                <Age at={token.created_at} />
            </Cell>
            <Cell of={text('lastUsed')}>
                <Age at={token.last_used_at} />
            </Cell>
            <Cell of={text('expires')}>
                {token.expires_at === null ? (
                    <span class="quiet">{text('neverExpires')}</span>
                ) : (
                    <span class={expired ? 'bad' : undefined}>
                        <Time at={token.expires_at} />
                        {expired && <> ({text('expired')})</>}
                    </span>
                )}
            </Cell>
            {who?.scope === 'write' && (
                <Cell kind="end">
                    <Confirm
                        label={text('revoke')}
                        describe={text('revokeOf', { name })}
                        title={text('revokeTitle', { name })}
                        act={revoke}
                    >
                        <p>{text(mine ? 'revokeMine' : 'revokeMeans')}</p>
                    </Confirm>
                </Cell>
            )}
        </tr>
    );
}

export function TokensPage({ project: id }: { project: string | null }) {
    const text = useText();
    const who = useWho();
    const mayWrite = useMayWrite();
    const [creating, setCreating] = useState(false);
    const [secret, setSecret] = useState<string | null>(null);
    const isProvider = who?.kind === 'provider';
    const { data, error, reload } = useLive(
        `tokens ${id} ${isProvider}`,
        id === null ? {} : { project: id },
        (signal) => load(id, isProvider, signal),
    );
    if (!data) {
        return <Waiting error={error} retry={() => void reload()} />;
    }
    const { project, tokens, projects, users } = data;
    const made = async (text: string) => {
        setSecret(text);
        await reload();
    };
    const columns: Column[] = [
        { name: text('description') },
        { name: text('kind') },
        { name: text('scope') },
        { name: text('created') },
        { name: text('lastUsed') },
        { name: text('expires') },
    ];
    return (
        <>
            <ScopeHead project={project} tab="tokens">
                {mayWrite && (
                    <button type="button" class="primary" onClick={() => setCreating(true)}>
                        {text('newToken')}
                    </button>
                )}
            </ScopeHead>
            {secret !== null && !creating && (
                <Secret title={text('tokenMade')} secret={secret} done={() => setSecret(null)} />
            )}
            {tokens.length === 0 ? (
                <p class="panel">{text('noTokens')}</p>
            ) : (
                <Table caption={text('tokens')} columns={mayWrite ? [...columns, { name: '' }] : columns}>
                    {tokens.map((token) => (
                        <TokenRow
                            key={token.id}
                            token={token}
                            project={projects.find((each) => each.id === token.project_id)}
                            owner={users.find((each) => each.id === token.user_id)?.full_name}
                            changed={reload}
                        />
                    ))}
                </Table>
            )}
            {creating && <TokenDialog {...{ project, projects, users, made }} close={() => setCreating(false)} />}
        </>
    );
}
