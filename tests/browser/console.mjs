/* The console over a service of paper: every page, in a real browser. Run by test_console.py. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, beforeEach, afterEach, test } from 'node:test';
import { consoleFolder, launch, lowContrast, openContext, openPage, outFolder, until } from './browser.mjs';
import { markup } from './fake_data.mjs';
import { FakeFleet, token } from './fake_fleet.mjs';

let browser;
let fake;

before(async () => {
    mkdirSync(outFolder, { recursive: true });
    browser = await launch();
});
after(() => browser?.close());
beforeEach(async () => {
    fake = await new FakeFleet(consoleFolder).start();
});
afterEach(async () => {
    for (const context of browser.contexts()) {
        await context.close();
    }
    await fake.stop();
});

const open = async (hash, options) => openPage(await openContext(browser, { token, ...options }), fake, hash);
const projectHash = () => `#/projects/${fake.fleet.projects[0].id}`;
const serverHash = (i) => `#/servers/${fake.fleet.servers[i].id}`;
const sessionHash = (i) => `#/sessions/${fake.fleet.sessions[i].id}`;
const states = (page) => page.locator('tbody .state').allInnerTexts();

/* Every page there is: its name, address and heading. */
const pages = () => [
    ['projects', '#/projects', 'Projects'],
    ['project', projectHash(), 'Anycast resolvers'],
    ['project-without-bgp', `#/projects/${fake.fleet.projects[1].id}`, `Quiet ${markup}`],
    ['server', serverHash(1), 'dns-02'],
    ['events', `${projectHash()}/events`, 'Events · Anycast resolvers'],
    ['audit', `${projectHash()}/audit`, 'Audit log · Anycast resolvers'],
    ['webhooks', `${projectHash()}/webhooks`, 'Webhooks · Anycast resolvers'],
    ['tokens', `${projectHash()}/tokens`, 'Tokens · Anycast resolvers'],
    ['account-tokens', '#/account/tokens', 'Tokens · Account'],
    ['account-users', '#/account/users', 'Users · Account'],
    ['account-webhooks', '#/account/webhooks', 'Webhooks · Account'],
    ['account-events', '#/account/events', 'Events · Account'],
    ['account-audit', '#/account/audit', 'Audit log · Account'],
    ['session', sessionHash(2), 'dns-02 IPv4'],
    ['session-over-limit', sessionHash(4), 'dns-03 IPv4'],
    ['session-hostile', sessionHash(8), `dns-${markup} IPv4`],
    ['routers', '#/routers', 'Routers'],
    ['router', `#/routers/${fake.fleet.routers[1].id}`, 'am-tor-2'],
    ['look-up', '#/lookup?prefix=203.0.113.53', 'Look-up'],
    ['missing', '#/nowhere', 'Not found'],
];

async function visit(page, hash, heading) {
    await page.evaluate((target) => (location.hash = target), hash);
    await until(() => page.title(), `${heading} · Godwit fleet`);
    await until(() => page.locator('.waiting').count(), 0);
}

test('a wrong token is refused in words, the right one is kept and never in an address', async () => {
    const page = await open('', { token: null });
    await page.getByLabel('API token').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('This token is not known').waitFor();
    await page.getByLabel('API token').fill(token);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Anycast resolvers' }).waitFor();
    assert.ok(!page.requested.some((request) => request.includes(token)));
    assert.equal(await page.evaluate(() => localStorage.getItem('godwit.token')), null);
    await page.reload();
    await page.getByRole('link', { name: 'Anycast resolvers' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API token').waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.getItem('godwit.token')), null);
});

test('a token that ends in the middle leads back to signing in', async () => {
    const page = await open(projectHash());
    await page.getByRole('link', { name: 'dns-01' }).first().waitFor();
    fake.token = 'another';
    fake.endStreams();
    await page.getByLabel('API token').waitFor();
});

test('the project page counts, filters and finds sessions', async () => {
    const page = await open(projectHash());
    await page.getByRole('link', { name: 'dns-01' }).first().waitFor();
    assert.equal(await page.locator('tbody tr').count(), 16);
    await page.getByRole('radio', { name: 'All 16' }).focus();
    await page.keyboard.press('ArrowRight');
    await until(() => states(page), ['Up', 'Up', 'Up', 'Up', 'Up']);
    await page.keyboard.press('ArrowRight');
    await until(() => states(page), ['Partial']);
    await page.getByRole('radio', { name: 'All 16' }).check();
    await page.getByRole('searchbox').fill('11 prefixes dns-03');
    await until(() => states(page), ['Down']);
    await page.getByRole('searchbox').fill('no such thing');
    await page.getByText('Nothing matches.').waitFor();
});

test('the MD5 password is asked for only when somebody wants to see it', async () => {
    const page = await open(projectHash());
    await page.getByRole('button', { name: 'Show' }).waitFor();
    assert.ok(!page.requested.some((request) => request.endsWith('/bgp-config')));
    assert.ok(!(await page.content()).includes('Resolve53Anycast'));
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('Resolve53Anycast').waitFor();
    await page.getByRole('button', { name: 'Hide' }).click();
    await until(async () => (await page.content()).includes('Resolve53Anycast'), false);
});

test('a change is shown without a reload, soon after it happened', async () => {
    const page = await open(projectHash());
    await page.getByText('Live', { exact: true }).waitFor();
    const [session] = fake.fleet.sessions;
    const row = page.getByRole('row', { name: 'dns-01 IPv4' });
    await row.getByText('Up').waitFor();
    assert.equal(page.requested.filter((request) => request.includes('/v1/sessions?')).length, 1, 'loaded once');
    const startedMs = Date.now();
    fake.setState(session, 'down', 'am-tor-1: the server closed the connection');
    await row.getByText('the server closed the connection').waitFor();
    assert.ok(Date.now() - startedMs < 1500, `${Date.now() - startedMs} ms`);
    assert.equal(page.requested.filter((request) => request.includes('/console/')).length, 4);
});

test('a stream that breaks is said, resumed after the last event, and nothing is missed', async () => {
    const page = await open(sessionHash(0));
    await page.getByText('Live', { exact: true }).waitFor();
    const [session] = fake.fleet.sessions;
    fake.setState(session, 'partial', 'first');
    await page.locator('.verdict').getByText('first').waitFor();
    fake.refuseStreams = true;
    fake.endStreams();
    await page.getByText('The connection to the service is lost').waitFor();
    fake.setState(session, 'down', 'second');
    fake.refuseStreams = false;
    await page.locator('.verdict').getByText('second').waitFor();
    await until(() => page.locator('.banner').count(), 0);
    assert.equal(fake.streamsOpened.at(-1), '1');
});

test('enabling is one switch, disabling asks first and names what will go', async () => {
    const page = await open(serverHash(1));
    await page.getByRole('button', { name: 'Manage IPv4 of dns-02' }).click();
    const session = page.getByRole('switch', { name: 'BGP session' });
    await session.click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('203.0.113.53/32').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.equal(await session.getAttribute('aria-checked'), 'true');
    await session.click();
    await page.screenshot({ path: `${outFolder}/disable-1280-light.png` });
    await dialog.getByRole('button', { name: 'Disable the session' }).click();
    await until(() => session.getAttribute('aria-checked'), 'false');
    await until(() => states(page), ['Disabled', 'Up']);
    assert.ok(await page.getByRole('switch', { name: 'Default route' }).isDisabled());
    await session.click();
    await until(() => states(page), ['Unknown', 'Up']);
    await page.getByText('no router has answered yet').waitFor();
});

test('the default route is one switch', async () => {
    const page = await open(serverHash(1));
    await page.getByRole('button', { name: 'Manage IPv6 of dns-02' }).click();
    const route = page.getByRole('switch', { name: 'Default route' });
    await page.getByText('The routers announce ::/0').waitFor();
    await route.click();
    await until(() => route.getAttribute('aria-checked'), 'true');
    assert.equal(fake.fleet.sessions[3].default_route, true);
});

test('a token that may only read sees switches it cannot turn', async () => {
    fake.scope = 'read';
    const page = await open(serverHash(1));
    await page.getByRole('button', { name: 'Manage IPv4 of dns-02' }).click();
    await page.getByText('This token may only read.').waitFor();
    assert.ok(await page.getByRole('switch', { name: 'BGP session' }).isDisabled());
});

test('update now waits for the answer and shows the new age', async () => {
    const page = await open(sessionHash(7));
    const updated = page.locator('.verdict time').last();
    const before = await updated.getAttribute('datetime');
    await page.getByRole('button', { name: 'Update now' }).click();
    await until(async () => (await updated.getAttribute('datetime')) !== before, true);
});

test('BGP is enabled with what the service accepts, and only that', async () => {
    const page = await open(`#/projects/${fake.fleet.projects[1].id}`);
    await page.getByRole('button', { name: 'Enable BGP' }).click();
    const dialog = page.getByRole('dialog');
    const submit = dialog.getByRole('button', { name: 'Enable BGP' });
    assert.equal(await dialog.getByLabel('ASN').inputValue(), '65000');
    await dialog.getByRole('radio', { name: 'Global' }).check();
    assert.ok(await submit.isDisabled());
    await dialog.getByLabel('ASN').fill('64999');
    await dialog.getByLabel('MD5 password').fill('tooshort');
    assert.ok(await submit.isDisabled());
    await dialog.getByLabel('MD5 password').fill('LongEnough1');
    await submit.click();
    await page.getByText('64999').waitFor();
    assert.equal(fake.fleet.md5[fake.fleet.projects[1].id], 'LongEnough1');
});

test('changing BGP keeps the password that is set', async () => {
    const page = await open(projectHash());
    await page.getByRole('button', { name: 'Change BGP' }).click();
    const dialog = page.getByRole('dialog');
    assert.equal(await dialog.getByLabel('MD5 password').inputValue(), 'Resolve53Anycast');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.equal(fake.fleet.md5[fake.fleet.projects[0].id], 'Resolve53Anycast');
});

test('a token is made with what was chosen, shown once, and revoked after a question', async () => {
    const page = await open(`${projectHash()}/tokens`, { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.getByRole('button', { name: 'New token' }).click();
    const dialog = page.getByRole('dialog');
    const create = dialog.getByRole('button', { name: 'Create' });
    assert.ok(await create.isDisabled());
    await dialog.getByLabel('Description').fill('nightly');
    await dialog.getByRole('radio', { name: 'Read and write' }).check();
    await dialog.getByRole('radio', { name: 'In 30 days' }).check();
    await create.click();
    await page.getByText('gwt_shown-once').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.className), 'secret');
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'gwt_shown-once');
    const { kind, scope, project_id, expires_at } = fake.fleet.tokens.at(-1);
    assert.deepEqual([kind, scope, project_id], ['project', 'write', fake.fleet.projects[0].id]);
    assert.ok(Math.abs(Date.parse(expires_at) - Date.now() - 30 * 24 * 3600 * 1000) < 60_000);
    await page.getByRole('button', { name: 'I have it' }).click();
    await until(async () => (await page.content()).includes('gwt_shown-once'), false);
    await page.getByRole('button', { name: 'Revoke nightly' }).click();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    const focused = await page.evaluate(() => document.activeElement.getAttribute('aria-label'));
    assert.equal(focused, 'Revoke nightly', 'the focus goes back to where it was');
    await page.getByRole('button', { name: 'Revoke nightly' }).click();
    await dialog.getByRole('button', { name: 'Revoke' }).click();
    await until(() => page.getByRole('row', { name: /nightly/ }).count(), 0);
});

test('the provider makes tokens for anybody, a project only for itself', async () => {
    const page = await open('#/account/tokens');
    await page.getByRole('row', { name: /first token.*this one/ }).waitFor();
    await page.getByRole('button', { name: 'New token' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Description').fill('for Wei');
    await dialog.getByRole('radio', { name: 'User' }).check();
    await dialog.getByLabel('User').last().selectOption({ label: 'Wei Zhang <wei@example.org>' });
    await dialog.getByRole('button', { name: 'Create' }).click();
    await page.getByText('gwt_shown-once').waitFor();
    assert.equal(fake.fleet.tokens.at(-1).user_id, fake.fleet.users[1].id);
    fake.kind = 'project';
    const tenant = await open(`${projectHash()}/tokens`);
    await tenant.getByRole('button', { name: 'New token' }).click();
    await tenant.getByRole('dialog').getByLabel('Description').waitFor();
    assert.equal(await tenant.getByRole('dialog').getByRole('radio', { name: 'User' }).count(), 0);
    assert.equal(await tenant.getByRole('link', { name: 'Account' }).count(), 0);
});

test('a webhook is made with its secret shown once, says how it does, and is deleted', async () => {
    const page = await open(`${projectHash()}/webhooks`);
    await page.getByRole('row', { name: /bgp HTTP 204/ }).waitFor();
    await page.getByText('3 attempts in a row failed').waitFor();
    await page.getByRole('button', { name: 'New webhook' }).click();
    const dialog = page.getByRole('dialog');
    const create = dialog.getByRole('button', { name: 'Create' });
    await dialog.getByLabel('URL').fill('ftp://example.net');
    assert.ok(await create.isDisabled());
    await dialog.getByLabel('URL').fill('https://example.net/hook');
    await dialog.getByLabel('Hold-off').fill('3601');
    assert.ok(await create.isDisabled());
    await dialog.getByLabel('Hold-off').fill('30');
    await dialog.getByLabel('URL').fill('http://localhost/hook');
    await create.click();
    await dialog.getByRole('alert').getByText('leads to a private address').waitFor();
    assert.equal(await dialog.getByLabel('Hold-off').inputValue(), '30', 'what was typed is still there');
    await dialog.getByLabel('URL').fill('https://example.net/hook');
    await create.click();
    await page.getByText('gws_shown-once').waitFor();
    assert.equal(fake.fleet.webhooks.at(-1).hold_off_s, 30);
    await page.getByRole('button', { name: 'Delete the webhook https://example.net/hook' }).click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await until(() => page.locator('tbody tr').count(), 3);
});

test('events of a project arrive as they happen', async () => {
    const page = await open(`${projectHash()}/events`);
    await page.getByText('Live', { exact: true }).waitFor();
    const [session] = fake.fleet.sessions;
    await page
        .getByRole('row', { name: /session of dns-01 is up/ })
        .first()
        .waitFor();
    fake.setState(session, 'down', 'pulled');
    await page.locator('tbody tr').first().locator('code').getByText('bgp_session.down').waitFor();
    await page.locator('tbody tr').first().getByRole('link', { name: 'Session' }).click();
    await page.getByRole('heading', { name: 'dns-01 IPv4' }).waitFor();
});

test('the provider approves and limits BGP, and makes users and projects', async () => {
    const [project] = fake.fleet.projects;
    project.bgp.status = 'requested';
    const page = await open(projectHash());
    await page.getByRole('button', { name: 'Approve BGP' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Prefix limit').fill('50');
    await dialog.getByLabel('May announce').fill('203.0.113.0/24, 2001:db8:53::/48\n198.51.100.0/24');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('50 per session').waitFor();
    assert.deepEqual([project.bgp.status, project.prefixes.length], ['enabled', 3]);
    await page.evaluate(() => (location.hash = '#/account/users'));
    await page.getByRole('button', { name: 'New user' }).click();
    await dialog.getByLabel('Name').fill('Grace');
    await dialog.getByLabel('Email').fill('grace@example.net');
    await dialog.getByLabel('Organization').selectOption('Example Networks');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('row', { name: /Grace/ }).waitFor();
    assert.equal(fake.fleet.users.at(-1).organization_id, fake.fleet.organizations[1].id);
    await page.evaluate(() => (location.hash = '#/projects'));
    await page.getByRole('button', { name: 'New project' }).click();
    await dialog.getByLabel('Name').fill('Edge');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { name: 'Edge' }).waitFor();
});

test('what a token may not do is not offered', async () => {
    fake.scope = 'read';
    const page = await open('');
    const buttons = [];
    for (const [, hash, heading] of pages()) {
        await visit(page, hash, heading);
        buttons.push(...(await page.locator('main button').allInnerTexts()));
    }
    const offered = new Set(buttons.map((name) => name.split('\n')[0]));
    for (const name of ['New token', 'Revoke', 'New webhook', 'Delete', 'New user', 'New project', 'Reset']) {
        assert.ok(!offered.has(name), name);
    }
    for (const name of ['Enable BGP', 'Change BGP', 'BGP limits', 'Approve BGP']) {
        assert.ok(!offered.has(name), name);
    }
    assert.ok(offered.has('Update now'));
    fake.kind = 'user';
    const tenant = await open('#/account/tokens');
    await tenant.getByRole('link', { name: 'Webhooks' }).waitFor();
    assert.equal(await tenant.getByRole('link', { name: 'Users' }).count(), 0);
});

test('a session shows legs, gauge, timeline, and routes with reasons', async () => {
    const page = await open(sessionHash(2));
    await page.getByRole('row', { name: /am-tor-2 Down .* active/ }).waitFor();
    await page.getByText('4 of 10 prefixes').waitFor();
    await page.getByRole('img', { name: /Partial 20/ }).waitFor();
    await page.getByRole('radio', { name: 'Rejected 1' }).check();
    await page.getByText("198.18.7.0/24 is in none of the project's prefixes").waitFor();
    assert.equal(await page.getByText('203.0.113.64/26').count(), 0);
    assert.equal(await page.getByText('the server has not connected yet').count(), 0);
    await page.getByRole('button', { name: 'Older' }).click();
    await page.getByText('the server has not connected yet').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Older' }).count(), 0);
});

test('over the prefix limit the gauge says what to do, and the reset asks', async () => {
    const page = await open(sessionHash(4));
    await page.getByText('More than 10 prefixes').waitFor();
    await page.getByText('Announce fewer prefixes, then reset.').waitFor();
    await page.getByRole('button', { name: 'Reset' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click();
    await until(() => page.getByRole('dialog').count(), 0);
    assert.equal(fake.events.at(-1).type, 'bgp_session.reset');
});

test('configurations come on demand, one for each daemon, by arrow keys too', async () => {
    const page = await open(sessionHash(0));
    await page.getByRole('button', { name: /Show the configuration/ }).click();
    await page.locator('pre').getByText('# bird of').waitFor();
    await page.getByRole('radio', { name: 'BIRD 2' }).focus();
    for (const daemon of ['frr', 'gobgp', 'openbgpd', 'exabgp', 'godwitd']) {
        await page.keyboard.press('ArrowRight');
        await page.locator('pre').getByText(`# ${daemon} of`).waitFor();
    }
});

test('a look-up is in the address and names who announces', async () => {
    const page = await open('#/lookup');
    await page.getByRole('searchbox').fill('203.0.113.53');
    await page.keyboard.press('Enter');
    await page.getByText('Matched 203.0.113.53/32').waitFor();
    assert.ok(page.url().endsWith('#/lookup?prefix=203.0.113.53'));
    assert.ok((await page.locator('tbody tr').count()) >= 4);
    await page.getByRole('searchbox').fill('192.0.2.1');
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.getByText('No server announces it.').waitFor();
});

test('a router that cannot be read says that its sessions are unknown', async () => {
    const page = await open(`#/routers/${fake.fleet.routers[1].id}`);
    await page.locator('.verdict').getByText('Unreadable').waitFor();
    await page.getByText('connection refused', { exact: true }).waitFor();
    await page.getByText('shown as unknown, not as down').waitFor();
});

test('markup from peers is text on every page, and nothing comes from elsewhere', async () => {
    const page = await open('');
    for (const [name, hash, heading] of pages()) {
        await visit(page, hash, heading);
        assert.equal(await page.locator('main img, main script').count(), 0, name);
    }
    await visit(page, sessionHash(8), `dns-${markup} IPv4`);
    await page.locator('.verdict').getByText(markup).first().waitFor();
    assert.deepEqual(page.complaints, []);
    assert.deepEqual(
        page.requested.filter((request) => !request.split(' ')[1].startsWith(`${fake.url}/`)),
        [],
    );
});

test('the keyboard is enough: skip, manage, confirm, cancel', async () => {
    const page = await open(serverHash(1));
    await page.getByRole('heading', { name: 'dns-02' }).waitFor();
    const focused = () =>
        page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText);
    const tabTo = async (name) => {
        for (let i = 0; i < 40 && (await focused()) !== name; i++) {
            await page.keyboard.press('Tab');
        }
        assert.equal(await focused(), name);
    };
    await page.evaluate(() => document.activeElement.blur());
    await tabTo('Skip to content');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'MAIN');
    await tabTo('Manage IPv4 of dns-02');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, 'solid');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await tabTo('Cancel');
    for (let i = 0; i < 6; i++) {
        await page.keyboard.press('Tab');
        assert.ok(
            await page.evaluate(
                () => document.activeElement === document.body || document.activeElement.closest('dialog') !== null,
            ),
        );
    }
    await page.keyboard.press('Escape');
    await until(() => page.getByRole('dialog').count(), 0);
});

test('Chinese is beside English, and stays chosen', async () => {
    const page = await open(projectHash());
    await page.getByLabel('Language').selectOption('zh');
    await page.getByRole('button', { name: '立即更新' }).waitFor();
    await page.getByRole('columnheader', { name: '学到的路由' }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-Hans');
    await page.reload();
    await page.getByRole('button', { name: '立即更新' }).waitFor();
    const chinese = await open(projectHash(), { locale: 'zh-CN' });
    await chinese.getByRole('button', { name: '立即更新' }).waitFor();
});

for (const colorScheme of ['light', 'dark']) {
    test(`every page is legible in the ${colorScheme}, wide and narrow`, async () => {
        for (const width of [1280, 375]) {
            const page = await open('', { viewport: { width, height: 800 }, colorScheme });
            for (const [name, hash, heading] of pages()) {
                await visit(page, hash, heading);
                for (const button of await page.locator('tbody button[aria-expanded]').all()) {
                    await button.click();
                }
                assert.deepEqual(await page.evaluate(lowContrast), [], `${name} at ${width}`);
                const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
                assert.ok(overflow <= 0, `${name} is ${overflow} px too wide for ${width}`);
                await page.screenshot({ path: `${outFolder}/${name}-${width}-${colorScheme}.png`, fullPage: true });
            }
        }
    });
}

test('what is not there is said, and what failed can be tried again', async () => {
    const page = await open('#/sessions/00000000-0000-4000-8000-000000000000');
    await page.getByText('There is no such page').waitFor();
    await fake.stop();
    const port = new URL(fake.url).port;
    await page.evaluate((hash) => (location.hash = hash), projectHash());
    await page.getByText('The service did not answer.').waitFor();
    fake = new FakeFleet(consoleFolder);
    await fake.start(Number(port));
    await page.evaluate((hash) => (location.hash = hash), projectHash());
    await page.getByRole('link', { name: 'dns-01' }).first().waitFor();
});
