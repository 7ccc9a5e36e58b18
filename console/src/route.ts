/* Pages and their addresses, behind the #, so that the console works wherever it is mounted. Pure but for the hook. */
import { useEffect, useState } from 'preact/hooks';

export const projectTabs = ['sessions', 'events', 'audit', 'webhooks', 'tokens'] as const;
export type ProjectTab = (typeof projectTabs)[number];
export const accountTabs = ['tokens', 'users', 'webhooks', 'events', 'audit'] as const;
export type AccountTab = (typeof accountTabs)[number];

export type Place =
    | { page: 'projects' }
    | { page: 'project'; id: string; tab: ProjectTab }
    | { page: 'account'; tab: AccountTab }
    | { page: 'server'; id: string }
    | { page: 'session'; id: string }
    | { page: 'routers' }
    | { page: 'router'; id: string }
    | { page: 'lookup'; prefix: string; match: 'longest' | 'exact' }
    | { page: 'missing' };

const withId = { servers: 'server', sessions: 'session', routers: 'router' } as const;

function decoded(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

export function placeOf(hash: string): Place {
    const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
    const [noun = '', id, word, ...rest] = path.split('/').filter(Boolean).map(decoded);
    if (noun === 'projects' && id !== undefined && rest.length === 0) {
        const tab = word === undefined ? 'sessions' : projectTabs.find((each) => each === word);
        return tab ? { page: 'project', id, tab } : { page: 'missing' };
    }
    if (word !== undefined) {
        return { page: 'missing' };
    }
    if (noun === 'account') {
        const tab = accountTabs.find((each) => each === id);
        return tab ? { page: 'account', tab } : { page: 'missing' };
    }
    if (id !== undefined) {
        return Object.hasOwn(withId, noun) ? { page: withId[noun as keyof typeof withId], id } : { page: 'missing' };
    }
    if (noun === 'lookup') {
        const wanted = new URLSearchParams(query);
        return {
            page: 'lookup',
            prefix: wanted.get('prefix') ?? '',
            match: wanted.get('match') === 'exact' ? 'exact' : 'longest',
        };
    }
    return noun === '' || noun === 'projects'
        ? { page: 'projects' }
        : noun === 'routers'
          ? { page: 'routers' }
          : { page: 'missing' };
}

export function hrefOf(place: Place): string {
    switch (place.page) {
        case 'projects':
        case 'routers':
            return `#/${place.page}`;
        case 'project': {
            const tab = place.tab === 'sessions' ? '' : `/${place.tab}`;
            return `#/projects/${encodeURIComponent(place.id)}${tab}`;
        }
        case 'account':
            return `#/account/${place.tab}`;
        case 'server':
        case 'session':
        case 'router':
            return `#/${place.page}s/${encodeURIComponent(place.id)}`;
        case 'lookup': {
            const query = new URLSearchParams();
            if (place.prefix) {
                query.set('prefix', place.prefix);
            }
            if (place.match === 'exact') {
                query.set('match', 'exact');
            }
            return `#/lookup${query.size > 0 ? `?${query}` : ''}`;
        }
        case 'missing':
            return '#/';
    }
}

export const projectHref = (id: string, tab: ProjectTab = 'sessions'): string => hrefOf({ page: 'project', id, tab });

export function usePlace(): Place {
    const [hash, setHash] = useState(location.hash);
    useEffect(() => {
        const follow = () => setHash(location.hash);
        addEventListener('hashchange', follow);
        return () => removeEventListener('hashchange', follow);
    }, []);
    return placeOf(hash);
}
