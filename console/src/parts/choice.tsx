/* One of a few: radio buttons in a row, so that arrow keys and screen readers know what to do. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export interface Option<T extends string> {
    value: T;
    label: ComponentChildren;
}

interface ChoiceProps<T extends string> {
    legend: string;
    options: Option<T>[];
    value: T;
    choose: (value: T) => void;
}

export function Choice<T extends string>({ legend, options, value, choose }: ChoiceProps<T>) {
    const name = useId();
    return (
        <fieldset class="choice">
            <legend class="hidden">{legend}</legend>
            {options.map((option) => (
                <label class={option.value === value ? 'chosen' : undefined}>
                    <input
                        type="radio"
                        name={name}
                        value={option.value}
                        checked={option.value === value}
                        onChange={() => choose(option.value)}
                    />
                    {option.label}
                </label>
            ))}
        </fieldset>
    );
}
