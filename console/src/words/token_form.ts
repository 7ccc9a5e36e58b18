/* What may be asked for a token. Pure. */
import type { TokenKind, TokenScope, TokenWish, Whoami } from '../api/types';

export const lifetimes = ['30', '90', '365', 'never'] as const;
export type Lifetime = (typeof lifetimes)[number];

const dayMs = 24 * 3600 * 1000;
const descriptionMaxBytes = 79;

export interface TokenForm {
    kind: TokenKind;
    scope: TokenScope;
    description: string;
    userId: string;
    projectId: string;
    lifetime: Lifetime;
}

/* Nobody grants more than he has. */
export function kindsFor(who: Pick<Whoami, 'kind'> | null): TokenKind[] {
    switch (who?.kind) {
        case 'provider':
            return ['project', 'user', 'provider'];
        case 'user':
            return ['project', 'user'];
        default:
            return ['project'];
    }
}

export const descriptionIsGood = (description: string): boolean =>
    description.trim() !== '' && new TextEncoder().encode(description.trim()).length <= descriptionMaxBytes;

export const tokenFormIsGood = (form: TokenForm): boolean =>
    descriptionIsGood(form.description) &&
    (form.kind !== 'project' || form.projectId !== '') &&
    (form.kind !== 'user' || form.userId !== '');

export const wishOf = (form: TokenForm, nowMs: number): TokenWish => ({
    kind: form.kind,
    scope: form.scope,
    description: form.description.trim(),
    ...(form.kind === 'project' && { project_id: form.projectId }),
    ...(form.kind === 'user' && { user_id: form.userId }),
    expires_at: form.lifetime === 'never' ? null : new Date(nowMs + Number(form.lifetime) * dayMs).toISOString(),
});
