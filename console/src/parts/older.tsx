/* Lists that grow at their beginning: the page keeps the newest piece true, older ones come on demand. */
import { useRef, useState } from 'preact/hooks';
import type { Piece } from '../api/types';
import { useText } from '../text/text';
import { ActButton, ActionError, useAction } from './action';

/* `rows`: newest first, each once. `button`: for more of them, if there are. */
export function useOlder<T extends { id: number | string }>(
    first: Piece<T>,
    load: (cursor: string | null, signal: AbortSignal) => Promise<Piece<T>>,
) {
    const text = useText();
    const [next, setNext] = useState<string | null | undefined>(undefined); // undefined: none was asked for
    const kept = useRef(new Map<T['id'], T>());
    const action = useAction();
    const keep = (rows: T[]) => rows.forEach((row) => kept.current.set(row.id, row));

    const loadOlder = async () => {
        keep(first.rows);
        const piece = await load(next ?? first.next, new AbortController().signal);
        keep(piece.rows);
        setNext(piece.next);
    };
    if (next !== undefined) {
        keep(first.rows);
    }
    const all = [...kept.current.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
    return {
        rows: next === undefined ? first.rows : all,
        button: (
            <>
                {(next === undefined ? first.next : next) !== null && (
                    <p class="after">
                        <ActButton action={action} what={loadOlder}>
                            {text('older')}
                        </ActButton>
                    </p>
                )}
                <ActionError action={action} />
            </>
        ),
    };
}
