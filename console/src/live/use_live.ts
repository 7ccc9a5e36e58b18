/* What a page shows, kept true: loaded as soon as the stream of events is open (so nothing falls between the two), and
 * again soon after an event. A page of many sessions shows what events say with the next frame, and looks up
 * only the sessions they are about. */
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

const openDelayMs = 250; // for the stream; without it one has to load twice
const firstDelayMs = 100;
const laterDelayMs = 500; // while events keep coming
const restShare = 3; // rest after a load, of what it lasted
const checkMs = 30_000; // routers are heard from without an event: ages would be wrong
const checkShare = 20;
const hiddenFrameMs = 1000;

export interface Loaded<T> {
    data: T | undefined;
    error: RequestError | undefined;
    reload: () => Promise<void>;
}

/* How a page is loaded. `before`: what it shows, and the events since that was loaded; null where everything has to be
 * loaded anew. `show`: what is there so far. */
export interface Load<T> {
    before: { data: T; events: FleetEvent[] } | null;
    show: (data: T) => void;
}

interface LiveOptions<T> {
    /* Which events are about this page. */
    concerns?: (event: FleetEvent) => boolean;
    /* What events say at once; asked once a frame, however many there are. */
    patch?: (data: T, events: FleetEvent[]) => T;
}

/* Loads one at a time; what is asked for meanwhile is one more load after it. What takes long is done less often. */
class Loader {
    private current: Promise<void> | undefined;
    private again = false;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private startedMs = 0;
    private lastedMs = 0;
    private readonly page = new AbortController();
    private readonly check = setInterval(() => this.checkSoon(), checkMs);

    constructor(
        private readonly loadOnce: (signal: AbortSignal) => Promise<void>,
        private readonly forget: () => void,
    ) {}

    readonly loadNow = (): Promise<void> => {
        this.again = true;
        this.current ??= this.loadAll().finally(() => (this.current = undefined));
        return this.current;
    };

    readonly loadSoon = (): void => {
        const restMs = Math.max(laterDelayMs, this.lastedMs * restShare);
        const delayMs = Math.max(firstDelayMs, this.startedMs + this.lastedMs + restMs - Date.now());
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

    private checkSoon(): void {
        if (!document.hidden && Date.now() - this.startedMs > this.lastedMs * checkShare) {
            this.forget();
            this.loadSoon();
        }
    }

    private async loadAll(): Promise<void> {
        while (this.again && !this.page.signal.aborted) {
            this.again = false;
            this.startedMs = Date.now();
            await this.loadOnce(this.page.signal);
            this.lastedMs = Date.now() - this.startedMs;
        }
    }
}

/* Calls back once for many calls: with the next frame, or after a second where none is drawn. */
class Frame {
    private frame: number | undefined;
    private timer: ReturnType<typeof setTimeout> | undefined;

    constructor(private readonly draw: () => void) {}

    readonly soon = (): void => {
        this.frame ??= requestAnimationFrame(this.now);
        this.timer ??= setTimeout(this.now, hiddenFrameMs);
    };

    readonly now = (): void => {
        this.cancel();
        this.draw();
    };

    cancel(): void {
        cancelAnimationFrame(this.frame ?? 0);
        clearTimeout(this.timer);
        this.frame = this.timer = undefined;
    }
}

/* What a page shows, as it is loaded and as events change it in between. */
class LivePage<T> {
    private data: T | undefined;
    private shown: FleetEvent[] = []; // that came since `data` was asked for
    private fresh: FleetEvent[] = []; // those of them that it does not show yet
    private whole = true; // what is shown may lack more than events tell
    private begun = false;
    private readonly start = setTimeout(() => this.begin(), openDelayMs);
    private readonly frame = new Frame(() => this.draw());
    readonly loader = new Loader(
        (signal) => this.load(signal),
        () => (this.whole = true),
    );

    constructor(
        private readonly loadData: (signal: AbortSignal, load: Load<T>) => Promise<T>,
        private readonly options: LiveOptions<T>,
        private readonly set: (state: { data: T | undefined; error?: RequestError }) => void,
    ) {}

    close(): void {
        clearTimeout(this.start);
        this.frame.cancel();
        this.loader.close();
    }

    begin(): void {
        if (!this.begun) {
            void this.reload();
        }
    }

    /* Everything anew: nobody knows what was missed. */
    readonly reload = (): Promise<void> => {
        this.begun = true;
        this.whole = true;
        return this.loader.loadNow();
    };

    opened(): void {
        if (this.begun) {
            this.whole = true;
            this.loader.loadSoon();
        }
        this.begin();
    }

    event(event: FleetEvent): void {
        if (!(this.options.concerns?.(event) ?? true)) {
            return;
        }
        this.shown.push(event);
        if (this.options.patch) {
            this.fresh.push(event);
            this.frame.soon();
        }
        this.loader.loadSoon();
    }

    private draw(): void {
        const events = this.fresh;
        this.fresh = [];
        if (this.data !== undefined && this.options.patch) {
            this.data = this.options.patch(this.data, events);
            this.set({ data: this.data });
        }
    }

    private async load(signal: AbortSignal): Promise<void> {
        const events = this.shown;
        const before = this.whole || this.data === undefined ? null : { data: this.data, events };
        const isFirst = this.data === undefined;
        this.whole = false;
        this.shown = [];
        this.fresh = [];
        const show = (data: T) => {
            if (isFirst && !signal.aborted) {
                this.data = data;
                this.set({ data });
            }
        };
        try {
            const data = await this.loadData(signal, { before, show });
            if (!signal.aborted) {
                this.data = this.options.patch && this.shown.length > 0 ? this.options.patch(data, this.shown) : data;
                this.set({ data: this.data });
            }
        } catch (error) {
            if (!signal.aborted) {
                this.whole = true;
                const known = error instanceof RequestError ? error : new RequestError(0, String(error));
                this.set({ data: this.data, error: known });
            }
        }
    }
}

/* `load` begins anew when `key` changes; `filter` and `options` go with the key. */
export function useLive<T>(
    key: string,
    filter: EventFilter,
    load: (signal: AbortSignal, load: Load<T>) => Promise<T>,
    options: LiveOptions<T> = {},
): Loaded<T> {
    type State = { key: string; data?: T | undefined; error?: RequestError };
    const [state, setState] = useState<State>({ key });
    const current = useRef<LivePage<T> | undefined>(undefined);

    useEffect(() => {
        const page = new LivePage<T>(load, options, (next) => setState({ key, ...next }));
        const stream = new EventStream(filter, {
            opened() {
                liveState.set({ live: true, lostAtMs: null });
                page.opened();
            },
            event(event) {
                page.event(event);
            },
            lost() {
                liveState.set({ live: false, lostAtMs: liveState.value.lostAtMs ?? now() });
                page.begin();
            },
        });
        current.current = page;
        return () => {
            page.close();
            stream.close();
            liveState.set(beginning);
        };
    }, [key]);

    const reload = useCallback(async () => current.current?.reload(), []);
    const shown: State = state.key === key ? state : { key };
    return { data: shown.data, error: shown.error, reload };
}
