/* What an event is about. Pure. */
import type { PastEvent, SessionState } from '../api/types';
import { hrefOf, projectHref } from '../route';

/* The state that an event is the beginning of, if it is. */
export function stateOf(type: string): { of: 'session' | 'leg'; state: SessionState } | null {
    const found = /^bgp_(session|leg)\.(up|partial|down|unknown)$/.exec(type);
    return found ? { of: found[1] as 'session' | 'leg', state: found[2] as SessionState } : null;
}

export interface EventLink {
    key: 'project' | 'server' | 'session';
    href: string;
}

/* The pages of what it names, the most particular one first. */
export function linksOf({ relationships }: Pick<PastEvent, 'relationships'>): EventLink[] {
    const idOf = (noun: string) =>
        relationships.map(({ href }) => href.split(`/metal/v1/${noun}/`)).find((parts) => parts.length === 2)?.[1];
    const session = idOf('bgp/sessions');
    const server = idOf('devices');
    const project = idOf('projects');
    const links: EventLink[] = [];
    if (session) {
        links.push({ key: 'session', href: hrefOf({ page: 'session', id: session }) });
    }
    if (server) {
        links.push({ key: 'server', href: hrefOf({ page: 'server', id: server }) });
    }
    if (project && links.length === 0) {
        links.push({ key: 'project', href: projectHref(project) });
    }
    return links;
}
