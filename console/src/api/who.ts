/* What the token may do; null until the service has said so. */
import { useEffect } from 'preact/hooks';
import { Store, useStore } from '../store';
import * as calls from './calls';
import { token } from './token';
import type { Whoami } from './types';

const who = new Store<Whoami | null>(null);

/* Asked once for each token, by the frame. */
export function useWhoIsAsked(): void {
    const text = useStore(token);
    useEffect(() => {
        const ended = new AbortController();
        who.set(null);
        if (text) {
            calls.whoami(ended.signal).then(
                (answer) => who.set(answer),
                () => {},
            );
        }
        return () => ended.abort();
    }, [text]);
}

export const useWho = (): Whoami | null => useStore(who);
export const useMayWrite = (): boolean => useWho()?.scope === 'write';
