import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/* Where godwit-fleet runs during `npm run dev`. */
const service = process.env.GODWIT_FLEET ?? 'http://127.0.0.1:8080';

/* godwit-fleet has no compressor of its own: it sends the .gz that lies beside a file. */
function gzipped(): Plugin {
    let folder = '';
    return {
        name: 'gzipped',
        apply: 'build',
        configResolved(config) {
            folder = config.build.outDir;
        },
        closeBundle() {
            for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
                const path = join(file.parentPath ?? file.path, file.name);
                if (file.isFile() && /\.(html|js|css|svg)$/.test(file.name)) {
                    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
                }
            }
        },
    };
}

export default defineConfig({
    base: './', // works wherever it is mounted
    esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
    build: {
        target: ['es2022', 'chrome123', 'firefox121', 'safari17.5'], // light-dark() in style sheets
        outDir: process.env.CONSOLE_OUT ?? '../build/console',
        emptyOutDir: true,
        assetsInlineLimit: 0, // the Content-Security-Policy has no data:
        modulePreload: { polyfill: false },
    },
    server: { proxy: { '/v1': service, '/metal': service } },
    plugins: [gzipped()],
});
