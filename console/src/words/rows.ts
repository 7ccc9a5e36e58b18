/* The project's table: a row for each session, and one for each family a server could have a session in. Pure. */
import { families, type Device, type Family, type FleetEvent } from '../api/types';
import type { Server, Session, SessionState } from '../api/types';
import { stateOf } from './events';
import { haystackOf, wordsOf } from './search';

export interface Row {
    server: Server;
    family: Family;
    state: SessionState;
    session: Session | null;
}

export const stateOrder: readonly SessionState[] = ['up', 'partial', 'down', 'unknown', 'disabled'];

const familyOf = { ipv4: 4, ipv6: 6 } as const;

const rowOf = (session: Session): Row => ({
    server: session.device,
    family: session.address_family,
    state: session.state,
    session,
});

export function rowsOf(sessions: Session[], devices: Device[]): Row[] {
    const rows = sessions.map(rowOf);
    const taken = new Set(rows.map((row) => `${row.server.id} ${row.family}`));
    for (const device of devices) {
        for (const family of families) {
            const able = device.ip_addresses?.some((address) => address.address_family === familyOf[family]) ?? true;
            if (able && !taken.has(`${device.id} ${family}`)) {
                rows.push({ server: device, family, state: 'disabled', session: null });
            }
        }
    }
    const collator = new Intl.Collator('en', { numeric: true });
    return rows.sort(
        (a, b) => collator.compare(a.server.hostname, b.server.hostname) || a.family.localeCompare(b.family),
    );
}

export function countStates(rows: Row[]): Record<SessionState, number> {
    const counts = { up: 0, partial: 0, down: 0, unknown: 0, disabled: 0 };
    for (const row of rows) {
        counts[row.state]++;
    }
    return counts;
}

/* The rows in which these sessions, which are among them, are as they are now. */
export function rowsWith(rows: Row[], sessions: Map<string, Session>): Row[] {
    return rows.map((row) => {
        const session = row.session && sessions.get(row.session.id);
        return session ? rowOf(session) : row;
    });
}

/* What events say at once, before anybody has asked for the rest: the last one of each session counts. */
export function rowsAfter(rows: Row[], events: FleetEvent[]): Row[] {
    const last = new Map<string, FleetEvent>();
    for (const event of events) {
        if (event.session_id !== null && stateOf(event.type)?.of === 'session') {
            last.set(event.session_id, event);
        }
    }
    return last.size === 0
        ? rows
        : rows.map((row) => {
              const event = row.session && last.get(row.session.id);
              if (!event) {
                  return row;
              }
              const state = stateOf(event.type)!.state;
              return rowOf({ ...row.session!, state, reason: event.reason, since: event.at });
          });
}

/* The sessions that events are about, if they are all among the rows; null: what there is has changed. */
export function sessionsIn(rows: Row[], events: FleetEvent[]): string[] | null {
    const wanted = new Set<string>();
    for (const { session_id, type } of events) {
        if (session_id === null || /\.(created|deleted)$/.test(type)) {
            return null;
        }
        wanted.add(session_id);
    }
    const known = new Set(rows.map(({ session }) => session?.id));
    return [...wanted].every((id) => known.has(id)) ? [...wanted] : null;
}

/* What is searched in a row: made when it is first looked for, because there may be tens of thousands. */
const haystacks = new WeakMap<Row, string>();

function haystack(row: Row): string {
    let found = haystacks.get(row);
    if (found === undefined) {
        const { server, family, session } = row;
        const fields = [server.hostname, family, session?.reason, session?.customer_ip];
        found = haystackOf([...fields, ...(session?.learned_routes ?? [])]);
        haystacks.set(row, found);
    }
    return found;
}

export function rowsLike(rows: Row[], state: SessionState | 'all', search: string): Row[] {
    const words = wordsOf(search);
    return rows.filter(
        (row) =>
            (state === 'all' || row.state === state) &&
            (words.length === 0 || words.every((word) => haystack(row).includes(word))),
    );
}
