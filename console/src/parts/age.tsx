/* How long ago something was, or how long it has lasted, ticking; the exact time on demand. */
import { ageText, useText } from '../text/text';
import { useNow } from '../words/clock';
import { exactTime, localTime } from '../words/time';

export function Age({ at, as = 'ago' }: { at: string | null; as?: 'ago' | 'lasting' | 'bare' }) {
    const text = useText();
    const nowMs = useNow();
    if (at === null) {
        return <span class="quiet">{text('never')}</span>;
    }
    const age = ageText(text, nowMs - Date.parse(at));
    return (
        <time dateTime={at} title={exactTime(at)}>
            {as === 'bare' ? age : text(as, { age })}
        </time>
    );
}

export function Time({ at }: { at: string }) {
    return (
        <time dateTime={at} title={exactTime(at)}>
            {localTime(at)}
        </time>
    );
}
