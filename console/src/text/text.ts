/* The language that was chosen, or the browser's; and texts in it. */
import { useEffect } from 'preact/hooks';
import { Store, useStore } from '../store';
import { ageParts, type AgeUnit } from '../words/time';
import { message, type Language, type MessageKey, type Values } from './messages';

const key = 'godwit.language';

const preferred = (): Language => {
    const kept = localStorage.getItem(key) ?? navigator.language;
    return kept.startsWith('zh') ? 'zh' : 'en';
};

export const language = new Store<Language>(preferred());
language.watch((chosen) => localStorage.setItem(key, chosen));

type Arguments<Key extends MessageKey> = keyof Values<Key> extends never ? [] : [values: Values<Key>];
export type Text = <Key extends MessageKey>(key: Key, ...values: Arguments<Key>) => string;

const texts: Record<Language, Text> = {
    en: (key, ...values) => message('en', key, ...values),
    zh: (key, ...values) => message('zh', key, ...values),
};

export function useText(): Text {
    return texts[useStore(language)];
}

/* The document says which language it is in: screen readers and fonts go by it. */
export function useDocumentLanguage(): void {
    const chosen = useStore(language);
    useEffect(() => {
        document.documentElement.lang = chosen === 'zh' ? 'zh-Hans' : 'en';
    }, [chosen]);
}

const ageKeys = { s: 'ageS', min: 'ageMin', h: 'ageH', d: 'ageD' } as const satisfies Record<AgeUnit, MessageKey>;

export const ageText = (text: Text, ageMs: number): string =>
    ageParts(ageMs)
        .map(({ count, unit }) => text(ageKeys[unit], { count }))
        .join(' ');
