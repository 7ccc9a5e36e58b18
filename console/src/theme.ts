/* Light, dark, or as the system has it. The style sheet does the rest through color-scheme. */
import { useEffect } from 'preact/hooks';
import { Store, useStore } from './store';

const key = 'godwit.theme';

export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const kept = themes.find((theme) => theme === localStorage.getItem(key));

export const theme = new Store<Theme>(kept ?? 'auto');
theme.watch((chosen) => localStorage.setItem(key, chosen));

export function useTheme(): void {
    const chosen = useStore(theme);
    useEffect(() => {
        document.documentElement.dataset.theme = chosen;
    }, [chosen]);
}
