/* The head of a page that is about a project, or about everything the token sees; and the ways to the others like
 * it. */
import type { ComponentChildren } from 'preact';
import type { Named } from '../api/types';
import { useWho } from '../api/who';
import { accountTabs, hrefOf, projectHref, projectTabs, type AccountTab, type ProjectTab } from '../route';
import { useText } from '../text/text';
import { Head } from './facts';

interface ScopeHeadProps {
    project: Named | null;
    tab: ProjectTab | AccountTab;
    children?: ComponentChildren;
}

export function ScopeHead({ project, tab, children }: ScopeHeadProps) {
    const text = useText();
    const who = useWho();
    const tabs = project
        ? projectTabs.map((each) => ({ each, href: projectHref(project.id, each) }))
        : accountTabs
              .filter((each) => each !== 'users' || who?.kind === 'provider')
              .map((each) => ({ each, href: hrefOf({ page: 'account', tab: each }) }));
    return (
        <>
            <Head
                trail={project ? [{ name: text('projects'), href: hrefOf({ page: 'projects' }) }] : []}
                title={project?.name ?? text('account')}
                part={tab === 'sessions' ? undefined : text(tab)}
            >
                {children}
            </Head>
            <nav class="tabs" aria-label={project?.name ?? text('account')}>
                {tabs.map(({ each, href }) => (
                    <a href={href} aria-current={each === tab && 'page'}>
                        {text(each)}
                    </a>
                ))}
            </nav>
        </>
    );
}
