import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorText } from '../src/api/error_text';
import type { Leg } from '../src/api/types';
import { asnIsGood, md5IsGood, problemsOf, requestOf } from '../src/words/bgp_form';
import { gaugeLevel } from '../src/words/gauge';
import { containsAll } from '../src/words/search';
import { spanFor, stretches } from '../src/words/strip';
import { ageParts, exactTime } from '../src/words/time';

const s = 1000;
const min = 60 * s;
const h = 60 * min;
const d = 24 * h;

const age = (ms: number) =>
    ageParts(ms)
        .map(({ count, unit }) => `${count}${unit}`)
        .join(' ');

test('ages have the units that matter', () => {
    const expected: [number, string][] = [
        [-5 * s, '0s'],
        [0, '0s'],
        [59.9 * s, '59s'],
        [60 * s, '1min'],
        [59 * min + 59 * s, '59min'],
        [h, '1h'],
        [2 * h + 5 * min, '2h 5min'],
        [d + 3 * h, '1d 3h'],
        [12 * d + 3 * h, '12d'],
    ];
    for (const [ms, words] of expected) {
        assert.equal(age(ms), words);
    }
});

test('the exact time is UTC', () => {
    assert.equal(exactTime('2026-11-22T04:00:00.250+01:00'), '2026-11-22 03:00:00.250 UTC');
});

test('the gauge warns from 80 %', () => {
    const level = (received: number, limit: number, limit_hit = false) =>
        gaugeLevel({ prefixes: { received, accepted: 0, rejected: 0, limit }, legs: [{ limit_hit } as Leg] });
    assert.deepEqual(
        [0, 7, 8, 10, 11].map((received) => level(received, 10)),
        ['normal', 'normal', 'near', 'near', 'over'],
    );
    assert.equal(level(3, 0), 'normal');
    assert.equal(level(0, 10, true), 'over');
});

test('every word is looked for, in any field, in any case', () => {
    assert.ok(containsAll('HOLD dns-02', ['dns-02', 'the hold timer expired', null]));
    assert.ok(containsAll('  ', ['anything']));
    assert.ok(!containsAll('dns-02 md5', ['dns-02', undefined]));
});

test('an MD5 password follows the service’s rule', () => {
    for (const good of ['', 'Abcdefgh12', 'aB3aB3aB3aB3aB3aB3aB']) {
        assert.ok(md5IsGood(good), good);
    }
    for (const bad of ['Abcdefg12', 'abcdefgh12', 'ABCDEFGH12', 'Abcdefghij', 'Abcdefgh1!', 'aB3aB3aB3aB3aB3aB3aB3']) {
        assert.ok(!md5IsGood(bad), bad);
    }
});

test('an AS number is 1 to 2147483647', () => {
    assert.ok(['1', '65000', '2147483647'].every(asnIsGood));
    assert.ok(!['', '0', '01', '-1', '2147483648', '65000.1', '1e3', 'AS1'].some(asnIsGood));
});

test('a local project has AS 65000 whatever was typed before', () => {
    const form = { type: 'local' as const, asn: 'nonsense', md5: '' };
    assert.deepEqual(problemsOf(form), { asn: false, md5: false });
    assert.deepEqual(requestOf(form), { deployment_type: 'local', asn: 65000, md5: null });
    assert.ok(problemsOf({ ...form, type: 'global' }).asn);
});

test('stretches cover the span in order, merged, and not what is before the first change', () => {
    const changes = [
        { atMs: 50, state: 'up' as const },
        { atMs: 30, state: 'partial' as const },
        { atMs: 40, state: 'partial' as const },
        { atMs: 10, state: 'down' as const },
    ];
    assert.deepEqual(stretches(changes, 20, 100), [
        { state: 'down', fromMs: 20, toMs: 30 },
        { state: 'partial', fromMs: 30, toMs: 50 },
        { state: 'up', fromMs: 50, toMs: 100 },
    ]);
    assert.deepEqual(stretches(changes, 0, 10), []);
    assert.deepEqual(stretches([{ atMs: 200, state: 'up' }], 0, 100), []);
    assert.deepEqual(stretches([], 0, 100), []);
});

test('the band is as long as what there is to see, a day at most', () => {
    assert.deepEqual(
        [0, 4 * min, 9 * min, 13 * min, 3 * h, 7 * h, 40 * d].map((oldestMs) => spanFor(oldestMs) / min),
        [4, 4, 12, 60, 360, 1440, 1440],
    );
});

test('both shapes of an error are read, and nothing else is shown', () => {
    assert.equal(errorText('{"errors":["asn: too large","md5: too short"]}'), 'asn: too large; md5: too short');
    assert.equal(errorText('{"error":"Invalid token"}'), 'Invalid token');
    assert.equal(errorText('<html>Bad gateway</html>'), '');
    assert.equal(errorText('null'), '');
    assert.equal(errorText('{}'), '');
});
