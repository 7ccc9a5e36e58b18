/* The reader for test_fleet_causes.py: opens a session's page and waits for a sentence. A line of JSON each way:
 * {"session": id, "state": word, "words": sentence}, and {} or {"failed": what the page says instead}. */
import { createInterface } from 'node:readline';
import { launch, openContext, openPage } from './browser.mjs';

const facts = JSON.parse(process.argv[2]);
const browser = await launch();
const page = await openPage(await openContext(browser, { token: facts.token }), facts, '');

for await (const line of createInterface({ input: process.stdin })) {
    const { session, state, words } = JSON.parse(line);
    try {
        await page.evaluate((id) => (location.hash = `#/sessions/${id}`), session);
        const verdict = page.locator('.verdict');
        await verdict.getByText(state, { exact: true }).waitFor();
        await verdict.getByText(words).waitFor();
        console.log('{}');
    } catch (error) {
        console.log(JSON.stringify({ failed: `${error.message}\n${await page.locator('main').innerText()}` }));
    }
}
await browser.close();
