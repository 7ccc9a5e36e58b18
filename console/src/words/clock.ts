/* The service's clock: ages are told by it, so that a browser whose clock is wrong does not show nonsense. */
import { Store, useStore } from '../store';

const toleranceMs = 2000; // the Date header has whole seconds

let offsetMs = 0;

export function noteServerTime(header: string | null): void {
    const serverMs = header === null ? Number.NaN : Date.parse(header);
    if (!Number.isNaN(serverMs)) {
        const differenceMs = serverMs - Date.now();
        offsetMs = Math.abs(differenceMs) > toleranceMs ? differenceMs : 0;
    }
}

export const now = (): number => Date.now() + offsetMs;

const ticks = new Store(0);
setInterval(() => ticks.set(ticks.value + 1), 1000);

/* The time, anew each second. */
export function useNow(): number {
    useStore(ticks);
    return now();
}
