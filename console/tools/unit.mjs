/* Runs test/*.test.ts with node's own test runner: esbuild (which Vite brings) makes one JavaScript file of them first.
 * usage: node tools/unit.mjs [name...] */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = fileURLToPath(new URL('../test', import.meta.url));
const wanted = process.argv.slice(2);
const tests = readdirSync(folder).filter(
    (name) => name.endsWith('.test.ts') && (wanted.length === 0 || wanted.some((word) => name.startsWith(word))),
);
const out = mkdtempSync(join(tmpdir(), 'godwit-console-'));
try {
    const outfile = join(out, 'tests.mjs');
    const contents = tests.map((name) => `import './${name}';`).join('\n');
    await build({
        stdin: { contents, resolveDir: folder },
        outfile,
        bundle: true,
        platform: 'node',
        format: 'esm',
        logLevel: 'warning',
    });
    const { status } = spawnSync(process.execPath, ['--test-reporter=tap', outfile], { stdio: 'inherit' });
    process.exitCode = status ?? 1;
} finally {
    rmSync(out, { recursive: true });
}
