import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface SwitchProps {
    on: boolean;
    label: string;
    disabled?: boolean;
    turn: (on: boolean) => void;
    children?: ComponentChildren;
}

/* On or off, at once; `children` say what that means. */
export function Switch({ on, label, disabled = false, turn, children }: SwitchProps) {
    const id = useId();
    return (
        <div class="switch">
            <button
                type="button"
                role="switch"
                aria-checked={on}
                aria-labelledby={`${id}-label`}
                aria-describedby={`${id}-help`}
                disabled={disabled}
                onClick={() => turn(!on)}
            >
                <span class="thumb" />
            </button>
            <span>
                <span id={`${id}-label`}>{label}</span>
                <span id={`${id}-help`} class="help">
                    {children}
                </span>
            </span>
        </div>
    );
}
