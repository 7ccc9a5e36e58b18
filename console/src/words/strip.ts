/* A session's states over a span of time, from its timeline. Pure. */
import type { SessionState } from '../api/types';

export interface Change {
    atMs: number;
    state: SessionState; // from then on
}

export interface Stretch {
    state: SessionState;
    fromMs: number;
    toMs: number;
}

const minuteMs = 60_000;
const spansMs = [4, 12, 60, 6 * 60, 24 * 60].map((minutes) => minutes * minuteMs);

/* How much to show of what began `oldestMs` ago. */
export const spanFor = (oldestMs: number): number => spansMs.find((spanMs) => oldestMs <= spanMs) ?? spansMs.at(-1)!;

/* In order, without overlap, neighbours of one state merged. Before the first change nothing is known, so nothing is
 * there. */
export function stretches(changes: Change[], fromMs: number, toMs: number): Stretch[] {
    const found: Stretch[] = [];
    const ordered = [...changes].sort((a, b) => a.atMs - b.atMs);
    ordered.forEach(({ atMs, state }, i) => {
        const from = Math.max(atMs, fromMs);
        const to = Math.min(ordered[i + 1]?.atMs ?? toMs, toMs);
        const last = found.at(-1);
        if (to <= from) {
            return;
        }
        if (last?.state === state && last.toMs === from) {
            last.toMs = to;
        } else {
            found.push({ state, fromMs: from, toMs: to });
        }
    });
    return found;
}
