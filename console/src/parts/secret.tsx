/* What the service tells once: shown until somebody says that it is kept. */
import { useEffect, useRef } from 'preact/hooks';
import { useText } from '../text/text';
import { Copy } from './copy';

export function Secret({ title, secret, done }: { title: string; secret: string; done: () => void }) {
    const text = useText();
    const panel = useRef<HTMLElement>(null);
    useEffect(() => panel.current?.focus(), []);
    return (
        <section ref={panel} class="secret" tabIndex={-1} aria-label={title}>
            <h2>{title}</h2>
            <p>{text('shownOnce')}</p>
            <p class="value">
                <code>{secret}</code>
            </p>
            <p class="buttons">
                <Copy what={secret} />
                <button type="button" onClick={done}>
                    {text('kept')}
                </button>
            </p>
        </section>
    );
}
