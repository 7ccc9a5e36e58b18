/* A question before something that cannot be taken back at once. The browser keeps the focus inside; Escape closes. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { useText } from '../text/text';
import { ActionError, useAction } from './action';

interface DialogProps {
    title: string;
    confirm: string;
    dangerous?: boolean;
    ready?: boolean;
    act: () => Promise<unknown>;
    close: () => void;
    children: ComponentChildren;
}

export function Dialog({ title, confirm, dangerous, ready = true, act, close, children }: DialogProps) {
    const text = useText();
    const element = useRef<HTMLDialogElement>(null);
    const action = useAction();
    const id = useId();
    useEffect(() => element.current?.showModal(), []);
    const end = () => element.current?.close(); // gives the focus back, then says `close`

    const submit = async (event: Event) => {
        event.preventDefault();
        if (!action.busy && (await action.run(act))) {
            end();
        }
    };
    return (
        <dialog ref={element} aria-labelledby={id} onClose={close}>
            <form onSubmit={(event) => void submit(event)}>
                <h2 id={id}>{title}</h2>
                {children}
                <ActionError action={action} />
                <p class="buttons">
                    <button type="button" onClick={end}>
                        {text('cancel')}
                    </button>
                    <button
                        type="submit"
                        class={dangerous ? 'danger' : 'primary'}
                        disabled={!ready}
                        aria-disabled={action.busy}
                    >
                        {confirm}
                    </button>
                </p>
            </form>
        </dialog>
    );
}
