/* Fields of dialogs: a name, what is typed or chosen, and what may be. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { Named } from '../api/types';

interface FieldProps {
    label: string;
    value: string;
    change: (value: string) => void;
    wrong?: boolean;
    inputMode?: 'text' | 'numeric' | 'url' | 'email';
    lines?: number; // more than one: a text of that many
    children?: ComponentChildren;
}

export function Field({ label, value, change, wrong = false, inputMode = 'text', lines, children }: FieldProps) {
    const id = useId();
    const common = {
        autoComplete: 'off',
        spellcheck: false,
        value,
        'aria-invalid': wrong && value !== '',
        'aria-describedby': `${id}-help`,
        onInput: (event: { currentTarget: { value: string } }) => change(event.currentTarget.value),
    };
    return (
        <>
            <label>
                {label}
                {lines === undefined ? (
                    <input inputMode={inputMode} {...common} />
                ) : (
                    <textarea rows={lines} {...common} />
                )}
            </label>
            <p id={`${id}-help`} class="help">
                {children}
            </p>
        </>
    );
}

interface SelectProps {
    label: string;
    options: Named[];
    value: string;
    change: (id: string) => void;
}

export function Select({ label, options, value, change }: SelectProps) {
    return (
        <label>
            {label}
            <select value={value} onChange={(event) => change(event.currentTarget.value)}>
                {options.map(({ id, name }) => (
                    <option value={id}>{name}</option>
                ))}
            </select>
        </label>
    );
}
