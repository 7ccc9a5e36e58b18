/* What a page shows, kept true: loaded at once, again when the stream of events opens (so nothing falls between the
 * two), and again soon after an event. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { RequestError } from '../api/http';
import type { FleetEvent } from '../api/types';
import { Store } from '../store';
import { now } from '../words/clock';
import { EventStream, type EventFilter } from './stream';

/* `lostAtMs`: when the stream ended; null while it is open, and before its first time. */
export interface LiveState {
    live: boolean;
    lostAtMs: number | null;
}

const beginning: LiveState = { live: false, lostAtMs: null };

export const liveState = new Store<LiveState>(beginning);

const firstDelayMs = 100;
const laterDelayMs = 500; // while events keep coming
const checkMs = 30_000; // routers are heard from without an event: ages would be wrong

export interface Loaded<T> {
    data: T | undefined;
    error: RequestError | undefined;
    reload: () => Promise<void>;
}

/* Loads one at a time; what is asked for meanwhile is one more load after it. */
class Loader {
    private current: Promise<void> | undefined;
    private again = false;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private startedMs = 0;
    private readonly page = new AbortController();
    private readonly check = setInterval(() => document.hidden || this.loadSoon(), checkMs);

    constructor(private readonly loadOnce: (signal: AbortSignal) => Promise<void>) {}

    readonly loadNow = (): Promise<void> => {
        this.again = true;
        this.current ??= this.loadAll().finally(() => (this.current = undefined));
        return this.current;
    };

    readonly loadSoon = (): void => {
        const delayMs = Math.max(firstDelayMs, this.startedMs + laterDelayMs - Date.now());
        this.timer ??= setTimeout(() => {
            this.timer = undefined;
            void this.loadNow();
        }, delayMs);
    };

    close(): void {
        clearInterval(this.check);
        clearTimeout(this.timer);
        this.page.abort();
    }

    private async loadAll(): Promise<void> {
        while (this.again && !this.page.signal.aborted) {
            this.again = false;
            this.startedMs = Date.now();
            await this.loadOnce(this.page.signal);
        }
    }
}

/* `load` begins anew when `key` changes; `filter` and `concerns` (which events are about this page) go with the key. */
export function useLive<T>(
    key: string,
    filter: EventFilter,
    load: (signal: AbortSignal) => Promise<T>,
    concerns: (event: FleetEvent) => boolean = () => true,
): Loaded<T> {
    type State = { key: string; data?: T | undefined; error?: RequestError };
    const [state, setState] = useState<State>({ key });
    const loader = useRef<Loader | undefined>(undefined);

    useEffect(() => {
        const mine = new Loader(async (signal) => {
            try {
                const data = await load(signal);
                if (!signal.aborted) {
                    setState({ key, data });
                }
            } catch (error) {
                if (!signal.aborted) {
                    const known = error instanceof RequestError ? error : new RequestError(0, String(error));
                    setState((before) => ({ key, data: before.key === key ? before.data : undefined, error: known }));
                }
            }
        });
        const stream = new EventStream(filter, {
            opened() {
                liveState.set({ live: true, lostAtMs: null });
                mine.loadSoon();
            },
            event(event) {
                if (concerns(event)) {
                    mine.loadSoon();
                }
            },
            lost() {
                liveState.set({ live: false, lostAtMs: liveState.value.lostAtMs ?? now() });
            },
        });
        loader.current = mine;
        void mine.loadNow();
        return () => {
            mine.close();
            stream.close();
            liveState.set(beginning);
        };
    }, [key]);

    const reload = useCallback(async () => loader.current?.loadNow(), []);
    const shown: State = state.key === key ? state : { key };
    return { data: shown.data, error: shown.error, reload };
}
