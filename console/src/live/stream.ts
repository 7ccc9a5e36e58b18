/* The stream of events: opened, read, and opened again after the last event seen whenever it ends, so that none is
 * missed. The service says something every 15 s; a stream that is silent for longer is taken for dead. */
import { send } from '../api/http';
import type { FleetEvent } from '../api/types';
import { StreamReader } from './sse';

const silenceLimitMs = 40_000;
const retryFirstMs = 500;
const retryLastMs = 15_000;

export type EventFilter = { project?: string; device?: string; session?: string };

export interface StreamWatcher {
    opened(): void;
    event(event: FleetEvent): void;
    lost(): void;
}

export class EventStream {
    private lastId = '';
    private failures = 0;
    private ended = false;
    private attempt = new AbortController();
    private silence: ReturnType<typeof setTimeout> | undefined;
    private stopWaiting = () => {};
    private readonly online = () => this.stopWaiting();

    constructor(
        private readonly filter: EventFilter,
        private readonly watcher: StreamWatcher,
    ) {
        addEventListener('online', this.online);
        void this.run();
    }

    close(): void {
        this.ended = true;
        removeEventListener('online', this.online);
        clearTimeout(this.silence);
        this.attempt.abort();
        this.stopWaiting();
    }

    private async run(): Promise<void> {
        while (!this.ended) {
            try {
                await this.read();
            } catch {
                // Why does not matter: it is tried again, and meanwhile the page says that it is not live.
            }
            clearTimeout(this.silence);
            if (!this.ended) {
                this.watcher.lost();
                await this.wait();
            }
        }
    }

    private async read(): Promise<void> {
        const headers: Record<string, string> = { Accept: 'text/event-stream' };
        if (this.lastId) {
            headers['Last-Event-ID'] = this.lastId;
        }
        const query = new URLSearchParams(this.filter as Record<string, string>).toString();
        this.attempt = new AbortController();
        this.expectWords();
        const response = await send(`/v1/events${query && `?${query}`}`, { headers, signal: this.attempt.signal });
        const body = response.body!.getReader();
        const reader = new StreamReader();
        this.failures = 0;
        this.watcher.opened();
        for (let piece = await body.read(); !piece.done; piece = await body.read()) {
            this.expectWords();
            for (const { id, data } of reader.feed(piece.value)) {
                this.lastId = id || this.lastId;
                this.watcher.event(JSON.parse(data) as FleetEvent);
            }
        }
    }

    private expectWords(): void {
        clearTimeout(this.silence);
        this.silence = setTimeout(() => this.attempt.abort(), silenceLimitMs);
    }

    private wait(): Promise<void> {
        const delayMs = Math.min(retryLastMs, retryFirstMs * 2 ** this.failures++) * (0.75 + Math.random() / 2);
        return new Promise((resolve) => {
            const timer = setTimeout(resolve, delayMs);
            this.stopWaiting = () => {
                clearTimeout(timer);
                resolve();
            };
        });
    }
}
