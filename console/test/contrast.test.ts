/* WCAG 2.1 AA for every pair of colours that can meet, in both themes, from the style sheet itself. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const sheet = readFileSync('src/style/base.css', 'utf8');
const themes = ['light', 'dark'] as const;
type Theme = (typeof themes)[number];

const grounds = ['ground', 'surface', 'raised', 'warning-ground'];
const texts = ['ink', 'quiet', 'accent', 'up', 'partial', 'down', 'unknown', 'disabled'];
const marks = ['control', 'accent', 'up', 'partial', 'down', 'unknown', 'disabled'];
const onColour = [
    ['on-accent', 'accent-ground'],
    ['on-accent', 'danger'],
] as const;

function tokens(): Record<string, Record<Theme, string>> {
    const found: Record<string, Record<Theme, string>> = {};
    for (const [, name, one, light, dark] of sheet.matchAll(
        /--([\w-]+): (?:(#[0-9a-f]{6})|light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\));/g,
    )) {
        found[name!] = { light: (one ?? light)!, dark: (one ?? dark)! };
    }
    return found;
}

function luminance(colour: string): number {
    const [r, g, b] = [1, 3, 5].map((at) => {
        const share = parseInt(colour.slice(at, at + 2), 16) / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light! + 0.05) / (dark! + 0.05);
}

function tooLow(fronts: readonly string[], backs: readonly string[], least: number): string[] {
    const colours = tokens();
    return themes.flatMap((theme) =>
        fronts.flatMap((front) =>
            backs.flatMap((back) => {
                const found = contrast(colours[front]![theme], colours[back]![theme]);
                return found < least ? [`${theme}: ${front} on ${back} is ${found.toFixed(2)}`] : [];
            }),
        ),
    );
}

test('the measure is the one of WCAG', () => {
    assert.equal(contrast('#000000', '#ffffff'), 21);
    assert.equal(contrast('#777777', '#ffffff').toFixed(2), '4.48');
});

test('every colour of the sheet is a ground, a text, a mark, or known to be neither', () => {
    const neither = ['line', 'on-accent', 'accent-ground', 'danger'];
    assert.deepEqual(Object.keys(tokens()).sort(), [...new Set([...grounds, ...texts, ...marks, ...neither])].sort());
});

test('text has 4.5:1 on every ground', () => {
    assert.deepEqual(tooLow(texts, grounds, 4.5), []);
    assert.deepEqual(onColour.flatMap(([front, back]) => tooLow([front], [back], 4.5)), []);
});

test('marks and borders of controls have 3:1 on every ground', () => {
    assert.deepEqual(tooLow(marks, grounds, 3), []);
});
