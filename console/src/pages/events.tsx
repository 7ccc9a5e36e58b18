/* What happened to a project, or to everything the token sees; newest first, as it happens. */
import * as calls from '../api/calls';
import type { PastEvent, Piece } from '../api/types';
import { useLive } from '../live/use_live';
import { Waiting } from '../parts/action';
import { Time } from '../parts/age';
import { useOlder } from '../parts/older';
import { ScopeHead } from '../parts/scope';
import { StateMark } from '../parts/state';
import { Cell, Dash, Table } from '../parts/table';
import { useText } from '../text/text';
import { linksOf, stateOf } from '../words/events';

export async function loadScope(id: string | null, signal: AbortSignal) {
    return id === null ? null : calls.project(id, signal);
}

function EventRow({ event }: { event: PastEvent }) {
    const text = useText();
    const state = stateOf(event.type)?.state;
    const links = linksOf(event);
    return (
        <tr>
            <Cell kind="title">
                <Time at={event.created_at} />
            </Cell>
            <Cell of={text('happened')} kind="wide">
                <span class={state ? `event ${state}` : 'event'}>
                    {state && <StateMark shape={state} />}
                    {event.body}
                </span>
            </Cell>
            <Cell of={text('about')}>
                {links.length === 0 ? (
                    <Dash />
                ) : (
                    <span class="links">
                        {links.map(({ key, href }) => (
                            <a href={href}>{text(key)}</a>
                        ))}
                    </span>
                )}
            </Cell>
            <Cell of={text('kind')}>
                <code class="quiet key">{event.type}</code>
            </Cell>
        </tr>
    );
}

function EventRows({ project, first }: { project: string | null; first: Piece<PastEvent> }) {
    const text = useText();
    const { rows, button } = useOlder(first, (cursor, signal) => calls.events(project, cursor, signal));
    if (rows.length === 0) {
        return <p class="panel">{text('noTimeline')}</p>;
    }
    return (
        <>
            <Table
                caption={text('events')}
                columns={[
                    { name: text('time') },
                    { name: text('happened'), kind: 'wide' },
                    { name: text('about') },
                    { name: text('kind') },
                ]}
            >
                {rows.map((event) => (
                    <EventRow key={event.id} event={event} />
                ))}
            </Table>
            {button}
        </>
    );
}

export function EventsPage({ project: id }: { project: string | null }) {
    const { data, error, reload } = useLive(`events ${id}`, id === null ? {} : { project: id }, async (signal) => {
        const [project, first] = await Promise.all([loadScope(id, signal), calls.events(id, null, signal)]);
        return { project, first };
    });
    if (!data) {
        return <Waiting error={error} retry={() => void reload()} />;
    }
    return (
        <>
            <ScopeHead project={data.project} tab="events" />
            <EventRows project={id} first={data.first} />
        </>
    );
}
