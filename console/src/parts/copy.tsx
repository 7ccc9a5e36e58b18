import { useState } from 'preact/hooks';
import { useText } from '../text/text';

const confirmationMs = 2000;

export function Copy({ what }: { what: string }) {
    const text = useText();
    const [copied, setCopied] = useState(false);
    const copy = async () => {
        await navigator.clipboard.writeText(what);
        setCopied(true);
        setTimeout(() => setCopied(false), confirmationMs);
    };
    return (
        <button type="button" aria-live="polite" onClick={() => void copy()}>
            {text(copied ? 'copied' : 'copy')}
        </button>
    );
}
