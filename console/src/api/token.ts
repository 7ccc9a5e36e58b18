/* Who we are: kept for this tab, or for this browser if asked to. */
import { Store } from '../store';

const key = 'godwit.token';

export const token = new Store<string | null>(sessionStorage.getItem(key) ?? localStorage.getItem(key));

export function keepToken(text: string, remember: boolean): void {
    (remember ? localStorage : sessionStorage).setItem(key, text);
    token.set(text);
}

export function forgetToken(): void {
    sessionStorage.removeItem(key);
    localStorage.removeItem(key);
    token.set(null);
}
