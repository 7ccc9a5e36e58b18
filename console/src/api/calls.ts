/* What the console asks of godwit-fleet: one function for each request. */
import { request, send } from './http';
import type * as api from './types';

const encode = encodeURIComponent;
const firstSize = 200;
const pageSize = 1000;
const pieceSize = 100;

type Signal = AbortSignal;
type Page<K extends string, T> = { [key in K]: T[] } & { next: string | null };

/* All pages of a list of /v1. `progress` sees what there is after each but the last; the first one is short, so that
 * there is something to be seen soon. */
async function all<K extends string, T>(
    path: string,
    key: K,
    signal: Signal,
    progress?: (found: T[]) => Promise<void>,
): Promise<T[]> {
    const found: T[] = [];
    let cursor: string | null = null;
    do {
        if (found.length > 0) {
            await progress?.(found);
        }
        const limit: number = progress && found.length === 0 ? firstSize : pageSize;
        const separator: string = path.includes('?') ? '&' : '?';
        const from: string = cursor === null ? '' : `&cursor=${encode(cursor)}`;
        const page: Page<K, T> = await request<Page<K, T>>(`${path}${separator}limit=${limit}${from}`, { signal });
        found.push(...page[key]);
        cursor = page.next ?? null;
    } while (cursor !== null);
    return found;
}

/* All pages of a list in Metal's shape. */
async function allPages<K extends string, T>(path: string, key: K, signal: Signal): Promise<T[]> {
    const found: T[] = [];
    for (let page = 1, last = 1; page <= last; page++) {
        type Answer = { [name in K]: T[] } & { meta?: { last_page: number } };
        const answer: Answer = await request<Answer>(`${path}?per_page=${pageSize}&page=${page}`, { signal });
        found.push(...answer[key]);
        last = answer.meta?.last_page ?? 1;
    }
    return found;
}

/* One page of a list of /v1, newest first. */
async function piece<K extends string, T>(
    path: string,
    key: K,
    cursor: string | null,
    signal: Signal,
): Promise<api.Piece<T>> {
    const from = cursor === null ? '' : `&cursor=${encode(cursor)}`;
    const page = await request<Page<K, T>>(`${path}limit=${pieceSize}${from}`, { signal });
    return { rows: page[key], next: page.next ?? null };
}

export const whoami = (signal: Signal) => request<api.Whoami>('/v1/whoami', { signal });

export const projects = (signal: Signal) => allPages<'projects', api.Named>('/metal/v1/projects', 'projects', signal);
export const project = (id: string, signal: Signal) =>
    request<api.ProjectView>(`/v1/projects/${encode(id)}`, { signal });
export const devices = (projectId: string, signal: Signal) =>
    allPages<'devices', api.Device>(`/metal/v1/projects/${encode(projectId)}/devices`, 'devices', signal);
export const sessions = (
    of: 'project' | 'router',
    id: string,
    signal: Signal,
    progress: (found: api.Session[]) => Promise<void>,
) => all<'sessions', api.Session>(`/v1/sessions?${of}=${encode(id)}`, 'sessions', signal, progress);
export const requestBgp = (projectId: string, body: api.BgpRequest) =>
    request<void>(`/metal/v1/projects/${encode(projectId)}/bgp-configs`, { method: 'POST', body });
export const updateProject = (id: string) =>
    request<void>(`/metal/v1/projects/${encode(id)}/bgp/discover`, { method: 'POST' });

/* The password itself: asked for only when somebody wants to see it. */
export const md5 = async (projectId: string) =>
    (await request<{ md5: string | null }>(`/metal/v1/projects/${encode(projectId)}/bgp-config`)).md5;

export const server = (id: string, signal: Signal) => request<api.ServerView>(`/v1/devices/${encode(id)}`, { signal });
export const updateServer = (id: string) =>
    request<void>(`/metal/v1/devices/${encode(id)}/bgp/discover`, { method: 'POST' });
export const enable = (serverId: string, family: api.Family) =>
    request<void>(`/metal/v1/devices/${encode(serverId)}/bgp/sessions`, {
        method: 'POST',
        body: { address_family: family },
    });
export const disable = (sessionId: string) =>
    request<void>(`/metal/v1/bgp/sessions/${encode(sessionId)}`, { method: 'DELETE' });
export const setDefaultRoute = (sessionId: string, on: boolean) =>
    request<void>(`/metal/v1/bgp/sessions/${encode(sessionId)}`, { method: 'PUT', body: { default_route: on } });

export const session = (id: string, signal: Signal) => request<api.Session>(`/v1/sessions/${encode(id)}`, { signal });
export const routes = (id: string, signal: Signal) =>
    all<'routes', api.Route>(`/v1/sessions/${encode(id)}/routes`, 'routes', signal);
export const timeline = (id: string, cursor: string | null, signal: Signal) =>
    piece<'timeline', api.TimelineEntry>(`/v1/sessions/${encode(id)}/timeline?`, 'timeline', cursor, signal);
export const configuration = async (id: string, daemon: api.Daemon, signal: Signal) =>
    (
        await send(`/v1/sessions/${encode(id)}/config?for=${daemon}`, { signal, headers: { Accept: 'text/plain' } })
    ).text();
export const updateSession = (id: string) => request<void>(`/v1/sessions/${encode(id)}/refresh`, { method: 'POST' });
export const resetSession = (id: string) => request<void>(`/v1/sessions/${encode(id)}/reset`, { method: 'POST' });

export const routers = async (signal: Signal) =>
    (await request<{ routers: api.Router[] }>('/v1/routers', { signal })).routers;
export const router = (id: string, signal: Signal) => request<api.Router>(`/v1/routers/${encode(id)}`, { signal });

export const lookUp = (prefix: string, match: 'longest' | 'exact', signal: Signal) =>
    request<{ match: string | null; routes: api.Route[] }>(`/v1/routes?prefix=${encode(prefix)}&match=${match}`, {
        signal,
    });

/* What happened, newest first. This list goes by numbers of pages; they shift as events arrive. */
export async function events(projectId: string | null, cursor: string | null, signal: Signal) {
    const of = projectId === null ? '' : `/projects/${encode(projectId)}`;
    const number = Number(cursor ?? 1);
    type Answer = { events: api.PastEvent[]; meta: { last_page: number } };
    const path = `/metal/v1${of}/events?per_page=${pieceSize}&page=${number}`;
    const answer = await request<Answer>(path, { signal });
    const next = number < answer.meta.last_page ? String(number + 1) : null;
    return { rows: answer.events, next } satisfies api.Piece<api.PastEvent>;
}
export const audit = (projectId: string | null, cursor: string | null, signal: Signal) =>
    piece<'audit', api.AuditEntry>(
        `/v1/audit?${projectId === null ? '' : `project=${encode(projectId)}&`}`,
        'audit',
        cursor,
        signal,
    );

export const tokens = async (signal: Signal) =>
    (await request<{ tokens: api.Token[] }>('/v1/tokens', { signal })).tokens;
export const createToken = async (body: api.TokenWish) =>
    (await request<{ token: string }>('/v1/tokens', { method: 'POST', body })).token;
export const revokeToken = (id: string) => request<void>(`/v1/tokens/${encode(id)}`, { method: 'DELETE' });

export const webhooks = async (signal: Signal) =>
    (await request<{ webhooks: api.Webhook[] }>('/v1/webhooks', { signal })).webhooks;
export const createWebhook = async (body: { project_id: string; url: string; hold_off_s: number }) =>
    (await request<{ secret: string }>('/v1/webhooks', { method: 'POST', body })).secret;
export const deleteWebhook = (id: string) => request<void>(`/v1/webhooks/${encode(id)}`, { method: 'DELETE' });

export const users = async (signal: Signal) => (await request<{ users: api.User[] }>('/v1/users', { signal })).users;
export const createUser = (body: { full_name: string; email: string; organization_id: string }) =>
    request<void>('/v1/users', { method: 'POST', body });
export const organizations = (signal: Signal) =>
    allPages<'organizations', api.Named>('/metal/v1/organizations', 'organizations', signal);
export const createProject = (body: { name: string; organization_id: string }) =>
    request<api.Named>('/metal/v1/projects', { method: 'POST', body });
export const limitBgp = (projectId: string, body: { status: string; max_prefix: number }) =>
    request<void>(`/v1/projects/${encode(projectId)}/bgp-config`, { method: 'PATCH', body });
export const setPrefixes = (projectId: string, prefixes: string[]) =>
    request<void>(`/v1/projects/${encode(projectId)}/prefixes`, { method: 'PUT', body: { prefixes } });
