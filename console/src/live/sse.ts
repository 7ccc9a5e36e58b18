/* Reads text/event-stream piece by piece. Pure: bytes that arrived in, events out. (EventSource is of no use here,
 * because it cannot send a token in a header.) */

export interface StreamEvent {
    id: string;
    data: string;
}

const eventMaxCharacters = 1 << 20;

export class StreamReader {
    private pending = '';
    private lastId = '';
    private data: string[] = [];
    private decoder = new TextDecoder();

    /* Events that are complete after these bytes. */
    feed(bytes: Uint8Array): StreamEvent[] {
        const events: StreamEvent[] = [];
        this.pending += this.decoder.decode(bytes, { stream: true });
        const lines = this.pending.split(/\r\n|\n|\r(?!$)/);
        this.pending = lines.pop() ?? '';
        if (this.pending.length > eventMaxCharacters) {
            throw new RangeError('an event without an end');
        }
        for (const line of lines) {
            this.take(line, events);
        }
        return events;
    }

    private take(line: string, events: StreamEvent[]): void {
        if (line === '') {
            if (this.data.length > 0) {
                events.push({ id: this.lastId, data: this.data.join('\n') });
            }
            this.data = [];
            return;
        }
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'id') {
            this.lastId = value;
        } else if (field === 'data') {
            this.data.push(value);
        }
    }
}
