/* The frame around every page: where one can go, whether what one sees is live, language, theme. */
import { useEffect, useState } from 'preact/hooks';
import { forgetToken, token } from './api/token';
import { useWho, useWhoIsAsked } from './api/who';
import { liveState } from './live/use_live';
import { AuditPage } from './pages/audit';
import { EventsPage } from './pages/events';
import { LookUpPage } from './pages/look_up';
import { ProjectPage } from './pages/project';
import { ProjectsPage } from './pages/projects';
import { RouterPage } from './pages/router';
import { RoutersPage } from './pages/routers';
import { ServerPage } from './pages/server';
import { SessionPage } from './pages/session';
import { SignIn } from './pages/sign_in';
import { TokensPage } from './pages/tokens';
import { UsersPage } from './pages/users';
import { WebhooksPage } from './pages/webhooks';
import { Head } from './parts/facts';
import { hrefOf, usePlace, type Place, type ProjectTab } from './route';
import { useStore } from './store';
import { languages, type Language, type MessageKey } from './text/messages';
import { language, useDocumentLanguage, useText } from './text/text';
import { theme, themes, useTheme, type Theme } from './theme';
import { localTime } from './words/time';

function ScopedPage({ project, tab }: { project: string | null; tab: Exclude<ProjectTab, 'sessions'> }) {
    switch (tab) {
        case 'events':
            return <EventsPage project={project} />;
        case 'audit':
            return <AuditPage project={project} />;
        case 'webhooks':
            return <WebhooksPage project={project} />;
        case 'tokens':
            return <TokensPage project={project} />;
    }
}

const ProjectTabPage = ({ id, tab }: { id: string; tab: ProjectTab }) =>
    tab === 'sessions' ? <ProjectPage id={id} /> : <ScopedPage project={id} tab={tab} />;

function Page({ place }: { place: Place }) {
    const text = useText();
    switch (place.page) {
        case 'projects':
            return <ProjectsPage />;
        case 'project':
            return <ProjectTabPage key={`${place.id} ${place.tab}`} id={place.id} tab={place.tab} />;
        case 'account':
            return place.tab === 'users' ? (
                <UsersPage />
            ) : (
                <ScopedPage key={place.tab} project={null} tab={place.tab} />
            );
        case 'server':
            return <ServerPage key={place.id} id={place.id} />;
        case 'session':
            return <SessionPage key={place.id} id={place.id} />;
        case 'routers':
            return <RoutersPage />;
        case 'router':
            return <RouterPage key={place.id} id={place.id} />;
        case 'lookup':
            return <LookUpPage prefix={place.prefix} match={place.match} />;
        case 'missing':
            return (
                <>
                    <Head trail={[]} title={text('missingTitle')} />
                    <p class="panel">{text('missing')}</p>
                </>
            );
    }
}

const sections = [
    { key: 'projects', place: { page: 'projects' }, pages: ['projects', 'project', 'server', 'session'] },
    { key: 'routers', place: { page: 'routers' }, pages: ['routers', 'router'] },
    { key: 'lookUp', place: { page: 'lookup', prefix: '', match: 'longest' }, pages: ['lookup'] },
    { key: 'account', place: { page: 'account', tab: 'tokens' }, pages: ['account'] },
] as const satisfies { key: MessageKey; place: Place; pages: Place['page'][] }[];

/* A project's token sees one project: what is under "Account" is under that. */
function Sections({ place }: { place: Place }) {
    const text = useText();
    const who = useWho();
    const shown = sections.filter(({ key }) => key !== 'account' || (who !== null && who.kind !== 'project'));
    return (
        <nav class="sections">
            {shown.map(({ key, place: target, pages }) => (
                <a href={hrefOf(target)} aria-current={(pages as readonly string[]).includes(place.page) && 'page'}>
                    {text(key)}
                </a>
            ))}
        </nav>
    );
}

function LiveSign() {
    const text = useText();
    const { live, lostAtMs } = useStore(liveState);
    const words = live ? 'live' : lostAtMs === null ? 'connecting' : 'notLive';
    return (
        <span class={`live ${words}`} role="status">
            {text(words)}
        </span>
    );
}

function LostBanner() {
    const text = useText();
    const { lostAtMs } = useStore(liveState);
    return (
        <div role="alert">
            {lostAtMs !== null && (
                <p class="banner">{text('lost', { time: localTime(new Date(lostAtMs).toISOString()) })}</p>
            )}
        </div>
    );
}

const themeNames = { auto: 'themeAuto', light: 'themeLight', dark: 'themeDark' } as const;

function Preferences() {
    const text = useText();
    return (
        <>
            <select
                aria-label={text('language')}
                value={useStore(language)}
                onChange={(event) => language.set(event.currentTarget.value as Language)}
            >
                {Object.entries(languages).map(([code, name]) => (
                    <option value={code}>{name}</option>
                ))}
            </select>
            <select
                aria-label={text('theme')}
                value={useStore(theme)}
                onChange={(event) => theme.set(event.currentTarget.value as Theme)}
            >
                {themes.map((name) => (
                    <option value={name}>{text(themeNames[name])}</option>
                ))}
            </select>
        </>
    );
}

export function App() {
    const text = useText();
    const place = usePlace();
    const signedIn = useStore(token);
    const [main, setMain] = useState<HTMLElement | null>(null);
    const { live, lostAtMs } = useStore(liveState);
    const address = hrefOf(place);
    useTheme();
    useDocumentLanguage();
    useWhoIsAsked();

    useEffect(() => {
        scrollTo(0, 0);
        main?.focus({ preventScroll: true });
    }, [place.page === 'lookup' ? 'lookup' : address]);

    const skip = (event: Event) => {
        event.preventDefault();
        main?.focus();
    };
    return (
        <>
            <a class="skip" href="#content" onClick={skip}>
                {text('skip')}
            </a>
            <header class="frame">
                <a class="brand" href={hrefOf({ page: 'projects' })}>
                    Godwit
                </a>
                {signedIn && <Sections place={place} />}
                <div class="tools">
                    {signedIn && <LiveSign />}
                    <Preferences />
                    {signedIn && (
                        <button type="button" class="plain" onClick={forgetToken}>
                            {text('signOut')}
                        </button>
                    )}
                </div>
            </header>
            {signedIn && <LostBanner />}
            <main ref={setMain} tabIndex={-1} class={!live && lostAtMs !== null ? 'stale' : undefined}>
                {signedIn ? <Page place={place} /> : <SignIn />}
            </main>
        </>
    );
}
