import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Device, Session } from '../src/api/types';
import { countStates, rowsLike, rowsOf } from '../src/words/rows';

const device = (hostname: string, ...address_families: number[]): Device => ({
    id: hostname,
    hostname,
    ip_addresses: address_families.map((address_family) => ({ address: 'x', address_family, public: false })),
});

const session = (hostname: string, address_family: 'ipv4' | 'ipv6', more: Partial<Session>): Session =>
    ({
        id: `${hostname} ${address_family}`,
        device: { id: hostname, hostname },
        address_family,
        state: 'up',
        reason: null,
        customer_ip: '10.0.0.1',
        learned_routes: [],
        ...more,
    }) as Session;

const rows = rowsOf(
    [
        session('web-10', 'ipv4', { state: 'down', reason: 'the hold timer expired' }),
        session('web-2', 'ipv6', { learned_routes: ['2001:db8::/48'] }),
    ],
    [device('web-2', 4, 6), device('web-10', 4), device('web-3', 4, 6)],
);

test('each family a server can have is a row, in the order people count', () => {
    assert.deepEqual(
        rows.map((row) => `${row.server.hostname} ${row.family} ${row.state}`),
        ['web-2 ipv4 disabled', 'web-2 ipv6 up', 'web-3 ipv4 disabled', 'web-3 ipv6 disabled', 'web-10 ipv4 down'],
    );
});

test('states are counted', () => {
    assert.deepEqual(countStates(rows), { up: 1, partial: 0, down: 1, unknown: 0, disabled: 3 });
});

test('rows are found by state, reason and prefix', () => {
    const found = (state: Parameters<typeof rowsLike>[1], search: string) =>
        rowsLike(rows, state, search).map((row) => `${row.server.hostname} ${row.family}`);
    assert.deepEqual(found('all', 'hold timer'), ['web-10 ipv4']);
    assert.deepEqual(found('all', '2001:db8'), ['web-2 ipv6']);
    assert.deepEqual(found('disabled', 'web-2'), ['web-2 ipv4']);
    assert.deepEqual(found('partial', ''), []);
});
