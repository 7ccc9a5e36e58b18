/* Something asked of the service: busy while it lasts, and what went wrong said beside it. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { RequestError } from '../api/http';
import { useText, type Text } from '../text/text';

export function errorWords(text: Text, error: RequestError): string {
    return error.message || (error.status === 0 ? text('unreachable') : text('failed', { status: error.status }));
}

export interface Action {
    busy: boolean;
    error: RequestError | undefined;
    /* True if it worked. */
    run: (what: () => Promise<unknown>) => Promise<boolean>;
}

export function useAction(): Action {
    const [state, setState] = useState<{ busy: boolean; error?: RequestError }>({ busy: false });
    const run = async (what: () => Promise<unknown>) => {
        setState({ busy: true });
        try {
            await what();
            setState({ busy: false });
            return true;
        } catch (error) {
            setState({
                busy: false,
                error: error instanceof RequestError ? error : new RequestError(0, String(error)),
            });
            return false;
        }
    };
    return { busy: state.busy, error: state.error, run };
}

export function ActionError({ action }: { action: Action }) {
    const text = useText();
    return (
        <p class="error" role="alert">
            {action.error && errorWords(text, action.error)}
        </p>
    );
}

interface ActButtonProps {
    action: Action;
    what: () => Promise<unknown>;
    busyLabel?: string;
    children: ComponentChildren;
}

export function ActButton({ action, what, busyLabel, children }: ActButtonProps) {
    return (
        <button type="button" aria-disabled={action.busy} onClick={() => action.busy || void action.run(what)}>
            {action.busy && busyLabel ? busyLabel : children}
        </button>
    );
}

/* A page that is not there yet, or cannot be. */
export function Waiting({ error, retry }: { error: RequestError | undefined; retry: () => void }) {
    const text = useText();
    if (!error) {
        return (
            <p class="waiting" role="status">
                {text('loading')}…
            </p>
        );
    }
    return (
        <div class="panel" role="alert">
            <p>{error.status === 404 ? text('missing') : errorWords(text, error)}</p>
            {error.status !== 404 && (
                <button type="button" onClick={retry}>
                    {text('retry')}
                </button>
            )}
        </div>
    );
}
