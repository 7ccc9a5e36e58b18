/* Pages for the tests: one Chromium, a context of its own for each page, and a list of what must never be said. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { chromium } = createRequire(`${root}console/`)('playwright-core');

export const consoleFolder = process.env.CONSOLE_FOLDER ?? `${root}build/console`;
export const outFolder = `${root}tests/browser/out`;
export const waitMs = 10_000;

export async function launch() {
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
    return browser;
}

/* A browser profile that is signed in, if there is a token. */
export async function openContext(browser, { token, ...options } = {}) {
    const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
        locale: 'en',
        colorScheme: 'light',
        reducedMotion: 'reduce',
        ...options,
    });
    context.setDefaultTimeout(waitMs);
    if (token) {
        await context.addInitScript((text) => sessionStorage.setItem('godwit.token', text), token);
    }
    return context;
}

/* A page at `hash`. `page.complaints` has what it and its policy complained of, `page.requested` what it asked for. */
export async function openPage(context, service, hash) {
    const page = await context.newPage();
    page.complaints = [];
    page.requested = [];
    page.on('pageerror', (error) => page.complaints.push(String(error)));
    page.on(
        'console',
        (message) => message.text().includes('Content Security Policy') && page.complaints.push(message.text()),
    );
    page.on('request', (request) => page.requested.push(`${request.method()} ${request.url()}`));
    await page.goto(`${service.url}/console/${hash}`);
    return page;
}

/* Waits until `read` gives what is expected; fails with what it gave last. */
export async function until(read, expected) {
    const deadline = Date.now() + waitMs;
    let found;
    do {
        found = await read();
        if (JSON.stringify(found) === JSON.stringify(expected)) {
            return;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
    } while (Date.now() < deadline);
    throw new Error(`expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
}

/* Texts whose contrast with their ground is below WCAG AA (4.5, or 3 for large ones). Runs in the page. */
export function lowContrast() {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (color) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].map((part, i) => (i === 3 ? part / 255 : part));
    };
    const over = (front, back) => front.slice(0, 3).map((part, i) => part * front[3] + back[i] * (1 - front[3]));
    const ground = (element) => {
        const layers = [];
        for (let each = element; each; each = each.parentElement) {
            layers.unshift(rgba(getComputedStyle(each).backgroundColor));
        }
        return layers.reduce((back, front) => over(front, back), [255, 255, 255]);
    };
    const luminance = (color) => {
        const [r, g, b] = color.map((part) => {
            const share = part / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        const style = getComputedStyle(element);
        const disabled = element.closest(':disabled, [aria-disabled="true"]');
        if (!node.textContent.trim() || !element.checkVisibility() || disabled || element.closest('title')) {
            continue;
        }
        const back = ground(element);
        const front = over(rgba(style.color), back);
        const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
        const contrast = (light + 0.05) / (dark + 0.05);
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (contrast < (large ? 3 : 4.5)) {
            found.push(`${node.textContent.trim().slice(0, 40)}: ${contrast.toFixed(2)}`);
        }
    }
    return found;
}
