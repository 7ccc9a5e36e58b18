/* Requests to godwit-fleet. The token goes into a header, never into an address. */
import { noteServerTime } from '../words/clock';
import { errorText } from './error_text';
import { forgetToken, token } from './token';

/* A request that was refused or that never arrived (status 0). */
export class RequestError extends Error {
    constructor(
        readonly status: number,
        message: string,
    ) {
        super(message);
    }
}

export interface RequestOptions {
    method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
    body?: unknown;
    signal?: AbortSignal;
    headers?: Record<string, string>;
}

export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
    const headers: Record<string, string> = { Accept: 'application/json' };
    const init: RequestInit = { method: options.method ?? 'GET', headers, cache: 'no-store', credentials: 'omit' };
    if (token.value) {
        headers['X-Auth-Token'] = token.value;
    }
    Object.assign(headers, options.headers);
    if (options.body !== undefined) {
        headers['Content-Type'] = 'application/json';
        init.body = JSON.stringify(options.body);
    }
    if (options.signal) {
        init.signal = options.signal;
    }
    const response = await fetch(path, init).catch((error: unknown) => {
        throw options.signal?.aborted ? error : new RequestError(0, '');
    });
    noteServerTime(response.headers.get('Date'));
    if (!response.ok) {
        if (response.status === 401) {
            forgetToken();
        }
        throw new RequestError(response.status, errorText(await response.text()));
    }
    return response;
}

export async function request<T>(path: string, options?: RequestOptions): Promise<T> {
    const text = await (await send(path, options)).text();
    return (text ? JSON.parse(text) : undefined) as T;
}

/* Fails if the service does not know this token. */
export async function tryToken(text: string): Promise<void> {
    await request('/v1/whoami', { headers: { 'X-Auth-Token': text } });
}
