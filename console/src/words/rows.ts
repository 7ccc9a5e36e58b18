/* The project's table: a row for each session, and one for each family a server could have a session in. Pure. */
import { families, type Device, type Family, type Server, type Session, type SessionState } from '../api/types';
import { containsAll } from './search';

export interface Row {
    server: Server;
    family: Family;
    state: SessionState;
    session: Session | null;
}

export const stateOrder: readonly SessionState[] = ['up', 'partial', 'down', 'unknown', 'disabled'];

const familyOf = { ipv4: 4, ipv6: 6 } as const;

export function rowsOf(sessions: Session[], devices: Device[]): Row[] {
    const rows: Row[] = sessions.map((session) => ({
        server: session.device,
        family: session.address_family,
        state: session.state,
        session,
    }));
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

export function rowsLike(rows: Row[], state: SessionState | 'all', search: string): Row[] {
    return rows.filter(
        (row) =>
            (state === 'all' || row.state === state) &&
            containsAll(search, [
                row.server.hostname,
                row.family,
                row.session?.reason,
                row.session?.customer_ip,
                ...(row.session?.learned_routes ?? []),
            ]),
    );
}
