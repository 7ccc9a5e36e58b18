/* The tenant's browser for test_fleet_console.py: reads names of steps, one a line; answers each with one of JSON. */
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { launch, lowContrast, openContext, openPage, outFolder, until } from './browser.mjs';

const facts = JSON.parse(process.argv[2]);
const patience = { timeout: 30_000 };

mkdirSync(outFolder, { recursive: true });
const browser = await launch();
const context = await openContext(browser, { permissions: ['clipboard-read', 'clipboard-write'] });
const page = await openPage(context, facts, '');
const dialog = page.getByRole('dialog');
const verdict = page.locator('.verdict');
const keep = (name) => page.screenshot({ path: `${outFolder}/live-${name}.png`, fullPage: true });

async function goToServer() {
    await page.evaluate((id) => (location.hash = `#/servers/${id}`), facts.device);
    await page.getByRole('heading', { name: 'server1', exact: true }).waitFor();
}

async function goToSession() {
    await goToServer();
    await page.locator('a.state-link').first().click();
    await page.getByRole('heading', { name: 'server1 IPv4' }).waitFor();
}

async function goToTab(name) {
    await page.evaluate((id) => (location.hash = `#/projects/${id}`), facts.project);
    await page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
    await until(async () => (await page.title()).startsWith(`${name} · `), true);
    await until(() => page.locator('.waiting').count(), 0);
}

/* Nothing of what a stranger wrote has become part of the page. */
async function assertOnlyText(where) {
    const found = await page.evaluate(() => [window.obeyed, document.querySelectorAll('main img, main script').length]);
    if (JSON.stringify(found) !== '[null,0]' || page.complaints.length > 0) {
        throw new Error(`${where}: ${JSON.stringify(found)} ${page.complaints}`);
    }
}

async function manage() {
    await goToServer();
    await page.getByRole('button', { name: 'Manage IPv4 of server1' }).click();
}

const steps = {
    async 'sign in'() {
        await page.getByLabel('API token').fill(facts.token);
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { name: 'Browsers' }).waitFor();
        await page.getByRole('row', { name: 'server1 IPv4 Disabled' }).waitFor();
        await page.getByRole('button', { name: 'Show' }).click();
        await page.getByText('Secret0Secret').waitFor();
        await keep('project');
    },
    async enable() {
        await manage();
        await page.getByRole('switch', { name: 'BGP session' }).click();
        await page.locator('a.state-link').waitFor();
    },
    async 'see why it is down'() {
        await goToSession();
        await verdict.getByText('Down').waitFor(patience);
        await verdict.getByText('waiting for the neighbor to connect').waitFor();
        await keep('down');
    },
    async 'see it up'() {
        await verdict.getByText('Up', { exact: true }).waitFor(patience);
    },
    async 'see routes'() {
        await page
            .getByRole('row', { name: /203.0.113.5\/32 .* Accepted/ })
            .first()
            .waitFor(patience);
        await page.getByText("192.0.2.0/24 is in none of the project's prefixes").first().waitFor(patience);
        await page.getByText('2 of 10 prefixes').waitFor(patience);
        await keep('up');
    },
    async 'default route'() {
        const route = page.getByRole('switch', { name: 'Default route' });
        await route.click();
        await until(() => route.getAttribute('aria-checked'), 'true');
    },
    async 'see it partial'() {
        await verdict.getByText('Partial').waitFor(patience);
        await keep('partial');
    },
    async 'see it up again'() {
        await goToSession();
        await verdict.getByText('Up', { exact: true }).waitFor(patience);
    },
    async 'see the server'() {
        await manage();
        await page.getByRole('row', { name: /IPv6 Disabled n\/a The server has no address/ }).waitFor();
        await page.getByRole('row', { name: /IPv4 Up 203.0.113.5\/32/ }).waitFor(patience);
        await keep('server');
    },
    async 'see it over the limit'() {
        await goToSession();
        await verdict.getByText('Down', { exact: true }).waitFor(patience);
        await page.getByText('Announce fewer prefixes, then reset.').waitFor(patience);
        await keep('over-limit');
    },
    async reset() {
        await page.getByRole('button', { name: 'Reset' }).click();
        await dialog.getByRole('button', { name: 'Reset' }).click();
        await until(() => dialog.count(), 0);
    },
    async 'see what the server said'() {
        await goToSession();
        await verdict.getByText(facts.markup).waitFor(patience);
        await page.locator('table').getByText(facts.markup).first().waitFor();
        await assertOnlyText('session');
        await keep('hostile');
        await goToTab('Events');
        await page.locator('tbody').getByText(facts.markup).first().waitFor(patience);
        await assertOnlyText('events');
        await keep('events');
        await page.evaluate((id) => (location.hash = `#/projects/${id}`), facts.project);
        await page.locator('tbody').getByText(facts.markup).waitFor(patience);
        await assertOnlyText('project');
        await goToSession();
    },
    async 'see the name'() {
        await page.evaluate((id) => (location.hash = `#/projects/${id}/audit`), facts.project);
        await page.getByRole('heading', { name: facts.markup }).waitFor(patience);
        await page.locator('tbody').getByText(facts.markup).first().waitFor(patience);
        await assertOnlyText('audit');
        await keep('audit');
    },
    async 'make a webhook'() {
        await goToTab('Webhooks');
        await page.getByRole('button', { name: 'New webhook' }).click();
        await dialog.getByLabel('URL').fill(facts.receiver);
        await dialog.getByLabel('Hold-off').fill('0');
        await dialog.getByRole('button', { name: 'Create' }).click();
        return { secret: await page.locator('.secret code').innerText() };
    },
    async 'see it delivered'() {
        await goToTab('Webhooks');
        await page.getByRole('row', { name: /HTTP 200/ }).waitFor(patience);
        await keep('webhooks');
    },
    async 'make a token'() {
        await goToTab('Tokens');
        await page.getByRole('button', { name: 'New token' }).click();
        await dialog.getByLabel('Description').fill(facts.markup);
        await dialog.getByRole('button', { name: 'Create' }).click();
        await page.getByText('Copy it now').waitFor();
        await assertOnlyText('tokens');
        await keep('tokens');
        return { token: await page.locator('.secret code').innerText() };
    },
    async 'revoke it'() {
        await page.getByRole('button', { name: `Revoke ${facts.markup}` }).click();
        await dialog.getByRole('button', { name: 'Revoke' }).click();
        await until(() => page.locator('tbody').getByText(facts.markup).count(), 0);
    },
    async 'see the router'() {
        await page.getByRole('link', { name: 'Routers' }).click();
        await page.getByRole('heading', { name: 'Routers' }).waitFor();
        await page.getByRole('link', { name: 'r1', exact: true }).click();
        await page.getByRole('row', { name: /server1 IPv4 Up/ }).waitFor(patience);
        await keep('router');
    },
    async 'see it on a telephone, in the dark, in Chinese'() {
        await page.setViewportSize({ width: 375, height: 800 });
        await page.emulateMedia({ colorScheme: 'dark' });
        await goToSession();
        await page.getByLabel('Language').selectOption('zh');
        await page.getByRole('button', { name: '立即更新' }).waitFor();
        await keep('session-375-dark-zh');
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        const contrast = await page.evaluate(lowContrast);
        await page.getByLabel('语言').selectOption('en');
        await page.setViewportSize({ width: 1280, height: 800 });
        await page.emulateMedia({ colorScheme: 'light' });
        if (overflow > 0 || contrast.length > 0) {
            throw new Error(`${overflow} px too wide; ${contrast}`);
        }
    },
    async 'update now'() {
        await page.getByRole('button', { name: 'Update now' }).click();
        await page.getByRole('button', { name: 'Update now' }).waitFor();
        await page
            .getByRole('row', { name: /Partial r2 .*→/ })
            .first()
            .waitFor();
        await keep('timeline');
    },
    async configuration() {
        await page.getByRole('button', { name: /Show the configuration/ }).click();
        await page.locator('pre').getByText('protocol bgp').first().waitFor();
        await page.getByRole('button', { name: 'Copy' }).click();
        await page.getByRole('button', { name: 'Copied' }).waitFor();
        const copied = await page.evaluate(() => navigator.clipboard.readText());
        if (!copied.includes('Secret0Secret')) {
            throw new Error(`copied: ${copied}`);
        }
        await page.getByRole('radio', { name: 'FRR' }).check();
        await page.locator('pre').getByText('router bgp 65000').waitFor();
    },
    async 'look up'() {
        await page.getByRole('link', { name: 'Look-up' }).click();
        await page.getByRole('searchbox').fill('203.0.113.5');
        await page.keyboard.press('Enter');
        await page.getByText('Matched 203.0.113.5/32').waitFor();
        await page.getByRole('link', { name: 'server1' }).first().waitFor();
        await keep('look-up');
    },
    async 'see it lost'() {
        await page.getByText('The connection to the service is lost').waitFor(patience);
    },
    async 'see it live'() {
        await page.getByText('Live', { exact: true }).waitFor(patience);
        await until(() => page.locator('.banner').count(), 0);
    },
    async disable() {
        await manage();
        await page.getByRole('switch', { name: 'BGP session' }).click();
        await dialog.getByText('203.0.113.5/32').waitFor(patience);
        await keep('disable');
        await dialog.getByRole('button', { name: 'Disable the session' }).click();
        await page.getByRole('row', { name: /IPv4 Disabled/ }).waitFor(patience);
    },
    async complaints() {
        return { complaints: page.complaints };
    },
};

for await (const step of createInterface({ input: process.stdin })) {
    try {
        console.log(JSON.stringify({ ...(await steps[step]()) }));
    } catch (error) {
        await keep('failed');
        console.log(JSON.stringify({ failed: `${error.message}\n${await page.locator('main').innerText()}` }));
    }
}
await browser.close();
