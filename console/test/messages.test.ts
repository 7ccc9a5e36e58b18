import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { message, messages } from '../src/text/messages';

const slots = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

test('both languages say something, with the same slots', () => {
    for (const [key, [english, chinese]] of Object.entries(messages)) {
        assert.ok(english && chinese, key);
        assert.deepEqual(slots(chinese), slots(english), key);
    }
});

test('slots are filled in, and what is filled in is not looked at again', () => {
    assert.equal(message('en', 'gauge', { used: 4, limit: 10 }), '4 of 10 prefixes');
    assert.equal(message('en', 'matched', { prefix: '{prefix}$&' }), 'Matched {prefix}$&');
});

test('every text is used', () => {
    const sources = readdirSync('src', { recursive: true })
        .map(String)
        .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('messages.ts'))
        .map((name) => readFileSync(`src/${name}`, 'utf8'))
        .join('\n');
    for (const key of Object.keys(messages)) {
        assert.match(sources, new RegExp(`'${key}'`), key);
    }
});
