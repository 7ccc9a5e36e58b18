/* What is known about a thing, in names and values. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { useText } from '../text/text';

export function Facts({ children }: { children: ComponentChildren }) {
    return <dl class="facts">{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
    return (
        <div>
            <dt>{name}</dt>
            <dd>{children}</dd>
        </div>
    );
}

interface HeadProps {
    trail: { name: string; href: string }[];
    title: string;
    part?: string | undefined; // of what the title names
    children?: ComponentChildren;
}

/* The top of a page: where it is, what it is, what can be done. */
export function Head({ trail, title, part, children }: HeadProps) {
    const text = useText();
    const documentTitle = [part, title, text('title')].filter(Boolean).join(' · ');
    useEffect(() => {
        document.title = documentTitle;
    }, [documentTitle]);
    return (
        <header class="head">
            <nav class="trail">
                {trail.map(({ name, href }) => (
                    <a href={href}>{name}</a>
                ))}
            </nav>
            <h1>{title}</h1>
            <div class="actions">{children}</div>
        </header>
    );
}
