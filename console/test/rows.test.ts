import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Device, FleetEvent, Session } from '../src/api/types';
import { countStates, rowsAfter, rowsLike, rowsOf, rowsWith, sessionsIn } from '../src/words/rows';

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

const event = (type: string, session_id: string | null, reason: string | null = null): FleetEvent => ({
    id: 1,
    at: '2026-01-01T00:00:00Z',
    type,
    body: '',
    project_id: null,
    device_id: null,
    session_id,
    router_id: null,
    state: null,
    reason,
});

test('the last event of a session is what its row says, and no other row changes', () => {
    const after = rowsAfter(rows, [
        event('bgp_session.down', 'web-2 ipv6', 'first'),
        event('bgp_session.partial', 'web-2 ipv6', 'last'),
        event('bgp_leg.down', 'web-10 ipv4', 'of one router'),
        event('bgp_session.routes', 'web-10 ipv4'),
        event('bgp_session.up', 'elsewhere'),
    ]);
    assert.deepEqual([after[1]!.state, after[1]!.session!.reason], ['partial', 'last']);
    assert.ok(rows.every((row, i) => i === 1 || after[i] === row));
    assert.equal(rows[1]!.state, 'up', 'the rows before are as they were');
    assert.equal(rowsAfter(rows, [event('bgp_leg.down', 'web-2 ipv6')]), rows);
    assert.deepEqual(rowsLike(after, 'all', 'last'), [after[1]], 'it is found by what it says now');
});

test('what events are about is looked up only where it is all known', () => {
    const about = (...events: FleetEvent[]) => sessionsIn(rows, events);
    assert.deepEqual(about(event('bgp_session.up', 'web-2 ipv6'), event('bgp_leg.up', 'web-2 ipv6')), ['web-2 ipv6']);
    assert.deepEqual(about(), []);
    assert.equal(about(event('bgp_session.up', 'elsewhere')), null);
    assert.equal(about(event('bgp_session.deleted', 'web-2 ipv6')), null);
    assert.equal(about(event('bgp_config.updated', null)), null);
});

test('sessions that were looked up replace their rows', () => {
    const found = session('web-2', 'ipv6', { state: 'down' });
    const after = rowsWith(rows, new Map([[found.id, found]]));
    assert.equal(after[1]!.session, found);
    assert.equal(after[1]!.state, 'down');
    assert.equal(after[0], rows[0]);
});
