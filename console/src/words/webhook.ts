/* What may be asked for a webhook, and how it does. Pure. */
import type { SessionState, Webhook } from '../api/types';

export const holdOffMaxS = 3600;

export function urlIsGood(text: string): boolean {
    const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
    return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && text.trim().length <= 500;
}

export const holdOffIsGood = (text: string): boolean => /^[0-9]{1,4}$/.test(text) && Number(text) <= holdOffMaxS;

export function deliveryState({ last_status, failures }: Pick<Webhook, 'last_status' | 'failures'>): SessionState {
    if (last_status === null) {
        return 'disabled';
    }
    return failures === 0 && /^HTTP 2/.test(last_status) ? 'up' : 'down';
}
