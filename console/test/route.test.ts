import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hrefOf, placeOf, type Place } from '../src/route';

const places: Place[] = [
    { page: 'projects' },
    { page: 'project', id: 'a-b', tab: 'sessions' },
    { page: 'project', id: 'a-b', tab: 'webhooks' },
    { page: 'account', tab: 'audit' },
    { page: 'server', id: 'with space/and slash' },
    { page: 'session', id: 'x?y#z' },
    { page: 'routers' },
    { page: 'router', id: '1' },
    { page: 'lookup', prefix: '', match: 'longest' },
    { page: 'lookup', prefix: '2001:db8::/48', match: 'exact' },
];

test('every place is found again by its address', () => {
    for (const place of places) {
        assert.deepEqual(placeOf(hrefOf(place)), place);
    }
});

test('what is no address is a page that is missing', () => {
    const wrong = ['#/nothing', '#/servers', '#/account', '#/account/x', '#/account/tokens/1', '#/lookup/1'];
    for (const hash of [...wrong, '#/projects/a/b', '#/projects/a/events/1', '#/toString/1']) {
        assert.deepEqual(placeOf(hash), { page: 'missing' }, hash);
    }
    assert.deepEqual(placeOf(''), { page: 'projects' });
    assert.deepEqual(placeOf('#/projects/%E0%A4%A'), { page: 'project', id: '%E0%A4%A', tab: 'sessions' });
});
