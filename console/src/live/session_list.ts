/* The sessions of a project or a router, of which there may be tens of thousands: shown as they come, changed in place
 * by events, looked up one by one where few changed. */
import * as calls from '../api/calls';
import type { Device, FleetEvent, Session } from '../api/types';
import { rowsAfter, rowsOf, rowsWith, sessionsIn, type Row } from '../words/rows';
import type { EventFilter } from './stream';
import { useLive, type Load } from './use_live';

const fewSessions = 24; // as many requests, instead of the whole list

export interface SessionList {
    rows: Row[];
    complete: boolean;
}

interface Listed<Head> {
    head: Head;
    sessions: SessionList;
}

/* `head`: the project or router they are of. `devices`: servers that have a row even without a session. */
interface Source<Head> {
    head: (signal: AbortSignal) => Promise<Head>;
    sessions: (signal: AbortSignal, progress: (found: Session[]) => Promise<void>) => Promise<Session[]>;
    devices: (signal: AbortSignal) => Promise<Device[]>;
    concerns?: (event: FleetEvent) => boolean;
}

export const useSessions = <Head>(key: string, filter: EventFilter, source: Source<Head>) =>
    useLive<Listed<Head>>(
        key,
        filter,
        async (signal, { before, show }) =>
            (before && (await loadChanged(before, signal))) ?? loadAll(signal, show, source),
        { patch, ...(source.concerns && { concerns: source.concerns }) },
    );

async function loadAll<Head>(
    signal: AbortSignal,
    show: Load<Listed<Head>>['show'],
    source: Source<Head>,
): Promise<Listed<Head>> {
    const headComing = source.head(signal);
    let shown = 0;
    const progress = async (found: Session[]) => {
        if (found.length >= 2 * shown) {
            shown = found.length;
            show({ head: await headComing, sessions: { rows: rowsOf(found, []), complete: false } });
        }
    };
    const [head, sessions] = await Promise.all([headComing, source.sessions(signal, progress)]);
    const devices = await source.devices(signal);
    return { head, sessions: { rows: rowsOf(sessions, devices), complete: true } };
}

/* Null: everything has to be loaded. */
async function loadChanged<Head>(before: { data: Listed<Head>; events: FleetEvent[] }, signal: AbortSignal) {
    const { head, sessions } = before.data;
    const ids = sessions.complete ? sessionsIn(sessions.rows, before.events) : null;
    if (ids === null || ids.length > fewSessions) {
        return null;
    }
    const found = await Promise.all(ids.map((id) => calls.session(id, signal))).catch(() => null);
    if (found === null) {
        return null;
    }
    const rows = rowsWith(sessions.rows, new Map(found.map((session) => [session.id, session])));
    return { head, sessions: { rows, complete: true } };
}

function patch<Head>({ head, sessions }: Listed<Head>, events: FleetEvent[]): Listed<Head> {
    return { head, sessions: { ...sessions, rows: rowsAfter(sessions.rows, events) } };
}
