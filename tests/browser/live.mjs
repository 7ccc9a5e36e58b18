/* The tenant's browser for test_fleet_console.py: reads names of steps, one a line; answers each with one of JSON. */
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { launch, openContext, openPage, outFolder, until } from './browser.mjs';

const facts = JSON.parse(process.argv[2]);
const patience = { timeout: 30_000 };

mkdirSync(outFolder, { recursive: true });
const browser = await launch();
const context = await openContext(browser, { permissions: ['clipboard-read', 'clipboard-write'] });
const page = await openPage(context, facts, '');
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
        await verdict.getByText('Up', { exact: true }).waitFor(patience);
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
        const dialog = page.getByRole('dialog');
        await dialog.getByText('203.0.113.5/32').waitFor(patience);
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
