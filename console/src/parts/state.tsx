/* A state as a shape and a word: colour is never the only sign. */
import type { SessionState } from '../api/types';
import type { MessageKey } from '../text/messages';
import { useText, type Text } from '../text/text';

export type Shape = SessionState;

function Mark({ shape }: { shape: Shape }) {
    switch (shape) {
        case 'up':
            return <circle cx="6" cy="6" r="5" />;
        case 'partial':
            return (
                <>
                    <circle cx="6" cy="6" r="4.25" class="ring" />
                    <path d="M6 1a5 5 0 0 0 0 10z" />
                </>
            );
        case 'down':
            return <path d="M.8 1.6h10.4L6 11z" />;
        case 'unknown':
            return <circle cx="6" cy="6" r="4.25" class="ring dashed" />;
        case 'disabled':
            return <path d="M1.5 5h9v2h-9z" />;
    }
}

export function StateMark({ shape }: { shape: Shape }) {
    return (
        <svg class={`mark ${shape}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
            <Mark shape={shape} />
        </svg>
    );
}

const meanings = {
    up: 'upMeans',
    partial: 'partialMeans',
    down: 'downMeans',
    unknown: 'unknownMeans',
    disabled: 'disabledMeans',
} as const satisfies Record<SessionState, MessageKey>;

/* A state's name; a word that is none of ours stays as it is. */
export const stateName = (text: Text, state: string): string =>
    Object.hasOwn(meanings, state) ? text(state as SessionState) : state;

export function State({ state }: { state: SessionState }) {
    const text = useText();
    const known = Object.hasOwn(meanings, state) ? state : 'unknown';
    return (
        <span class={`state ${known}`} title={text(meanings[known])}>
            <StateMark shape={known} />
            {text(known)}
        </span>
    );
}

export function RouterState({ state }: { state: 'readable' | 'unreadable' }) {
    const text = useText();
    const shape = state === 'readable' ? 'up' : 'unknown';
    return (
        <span class={`state ${shape}`}>
            <StateMark shape={shape} />
            {text(state === 'readable' ? 'readable' : 'unreadable')}
        </span>
    );
}
