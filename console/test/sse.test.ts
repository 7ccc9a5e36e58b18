import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamReader } from '../src/live/sse';

const bytes = (text: string) => new TextEncoder().encode(text);

function readInPieces(text: string, pieceBytes: number) {
    const reader = new StreamReader();
    const all = bytes(text);
    const events = [];
    for (let at = 0; at < all.length; at += pieceBytes) {
        events.push(...reader.feed(all.subarray(at, at + pieceBytes)));
    }
    return events;
}

const stream = ':\n\nid: 7\nevent: bgp_session.up\ndata: {"body":"är 好"}\n\nid: 8\ndata: a\ndata: b\n\n';

test('events are the same however the bytes are cut', () => {
    const whole = readInPieces(stream, 1000);
    assert.deepEqual(whole, [
        { id: '7', data: '{"body":"är 好"}' },
        { id: '8', data: 'a\nb' },
    ]);
    for (const pieceBytes of [1, 2, 3, 7]) {
        assert.deepEqual(readInPieces(stream, pieceBytes), whole);
    }
});

test('lines may end with CR LF, and one that is split between its two is one', () => {
    const reader = new StreamReader();
    assert.deepEqual(reader.feed(bytes('id: 1\r')), []);
    assert.deepEqual(reader.feed(bytes('\ndata: x\r\n\r\n')), [{ id: '1', data: 'x' }]);
});

test('comments and an event without data are nothing', () => {
    assert.deepEqual(readInPieces(': here\n\nid: 3\n\nevent: x\n\n', 4), []);
});

test('an id stays until the next one', () => {
    assert.deepEqual(readInPieces('id: 5\ndata: a\n\ndata: b\n\n', 100), [
        { id: '5', data: 'a' },
        { id: '5', data: 'b' },
    ]);
});

test('many events may arrive at once', () => {
    const reader = new StreamReader();
    const event = `id: 7\ndata: ${'x'.repeat(400)}\n\n`;
    assert.equal(reader.feed(bytes(event.repeat(5000))).length, 5000);
});

test('an event that never ends is not kept', () => {
    const reader = new StreamReader();
    assert.throws(() => {
        for (let i = 0; i < 40; i++) {
            reader.feed(bytes('x'.repeat(50_000)));
        }
    }, RangeError);
});
