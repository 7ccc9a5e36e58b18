import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linksOf, stateOf } from '../src/words/events';
import { maxPrefixIsGood, prefixesIn } from '../src/words/limits_form';
import { descriptionIsGood, kindsFor, tokenFormIsGood, wishOf, type TokenForm } from '../src/words/token_form';
import { deliveryState, holdOffIsGood, urlIsGood } from '../src/words/webhook';

const form: TokenForm = {
    kind: 'project',
    scope: 'read',
    description: ' dashboards ',
    userId: 'u',
    projectId: 'p',
    lifetime: '30',
};

test('a token is wished for with what its kind needs, and no more', () => {
    assert.deepEqual(wishOf(form, Date.UTC(2026, 0, 1)), {
        kind: 'project',
        scope: 'read',
        description: 'dashboards',
        project_id: 'p',
        expires_at: '2026-01-31T00:00:00.000Z',
    });
    const forever = wishOf({ ...form, kind: 'provider', lifetime: 'never' }, 0);
    assert.deepEqual(forever, { kind: 'provider', scope: 'read', description: 'dashboards', expires_at: null });
    assert.equal(wishOf({ ...form, kind: 'user' }, 0).user_id, 'u');
});

test('nobody is offered to grant more than he has', () => {
    assert.deepEqual(kindsFor({ kind: 'provider' }), ['project', 'user', 'provider']);
    assert.deepEqual(kindsFor({ kind: 'user' }), ['project', 'user']);
    assert.deepEqual(kindsFor({ kind: 'project' }), ['project']);
    assert.deepEqual(kindsFor(null), ['project']);
});

test('a token form is ready when the service would take it', () => {
    assert.ok(tokenFormIsGood(form));
    assert.ok(!tokenFormIsGood({ ...form, projectId: '' }));
    assert.ok(!tokenFormIsGood({ ...form, kind: 'user', userId: '' }));
    assert.ok(descriptionIsGood('x'.repeat(79)) && !descriptionIsGood('x'.repeat(80)));
    assert.ok(descriptionIsGood('中'.repeat(26)) && !descriptionIsGood('中'.repeat(27)), 'counted in bytes');
    assert.ok(!descriptionIsGood('  '));
});

test('webhooks: addresses, hold-off, and how the last delivery went', () => {
    assert.ok(urlIsGood('https://[2001:db8::1]:8443/x') && urlIsGood('http://127.0.0.1/'));
    assert.ok(!urlIsGood('') && !urlIsGood('example.net') && !urlIsGood('ftp://example.net/'));
    assert.ok(!urlIsGood(`https://example.net/${'x'.repeat(500)}`));
    assert.ok(holdOffIsGood('0') && holdOffIsGood('3600'));
    assert.ok(!holdOffIsGood('3601') && !holdOffIsGood('') && !holdOffIsGood('1.5') && !holdOffIsGood('-1'));
    assert.equal(deliveryState({ last_status: null, failures: 0 }), 'disabled');
    assert.equal(deliveryState({ last_status: 'HTTP 204', failures: 0 }), 'up');
    assert.equal(deliveryState({ last_status: 'HTTP 500', failures: 0 }), 'down', 'given up');
    assert.equal(deliveryState({ last_status: 'refused', failures: 2 }), 'down');
});

test('limits of a project', () => {
    assert.ok(maxPrefixIsGood('1') && maxPrefixIsGood('10000'));
    assert.ok(!maxPrefixIsGood('0') && !maxPrefixIsGood('10001') && !maxPrefixIsGood('') && !maxPrefixIsGood('1e3'));
    assert.deepEqual(prefixesIn(' 192.0.2.0/24,\n2001:db8::/32 \n\n'), ['192.0.2.0/24', '2001:db8::/32']);
});

test('events lead to what they are about', () => {
    assert.equal(stateOf('bgp_session.partial')?.state, 'partial');
    assert.deepEqual(stateOf('bgp_leg.down'), { of: 'leg', state: 'down' });
    assert.equal(stateOf('bgp_session.created'), null);
    const relationships = [{ href: '/metal/v1/projects/p' }, { href: '/metal/v1/devices/d' }];
    assert.deepEqual(linksOf({ relationships }), [{ key: 'server', href: '#/servers/d' }]);
    const session = { href: '/metal/v1/bgp/sessions/s' };
    assert.deepEqual(
        linksOf({ relationships: [...relationships, session] }).map(({ href }) => href),
        ['#/sessions/s', '#/servers/d'],
    );
    assert.deepEqual(linksOf({ relationships: relationships.slice(0, 1) }), [{ key: 'project', href: '#/projects/p' }]);
});
