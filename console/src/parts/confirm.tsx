/* A button that asks before it does something that cannot be undone. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog } from './dialog';

interface ConfirmProps {
    label: string;
    describe: string; // the label for those who do not see what it stands beside
    title: string;
    act: () => Promise<unknown>;
    children: ComponentChildren;
}

export function Confirm({ label, describe, title, act, children }: ConfirmProps) {
    const [asking, setAsking] = useState(false);
    return (
        <>
            <button type="button" aria-label={describe} onClick={() => setAsking(true)}>
                {label}
            </button>
            {asking && (
                <Dialog title={title} confirm={label} dangerous act={act} close={() => setAsking(false)}>
                    {children}
                </Dialog>
            )}
        </>
    );
}
