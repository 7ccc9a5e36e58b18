/* What happened to a session: the last day as a band, every change as a line. */
import { useState } from 'preact/hooks';
import * as calls from '../api/calls';
import type { Session, TimelineEntry } from '../api/types';
import { hrefOf } from '../route';
import { useText } from '../text/text';
import { ActButton, ActionError, useAction } from './action';
import { Time } from './age';
import { State, stateName } from './state';
import { Strip } from './strip';
import { Cell, Dash, Table } from './table';

interface TimelineProps {
    session: Session;
    first: { timeline: TimelineEntry[]; next: string | null };
}

function Entry({ entry }: { entry: TimelineEntry }) {
    const text = useText();
    return (
        <tr>
            <Cell kind="title">
                <Time at={entry.at} />
            </Cell>
            <Cell of={text('state')}>
                <State state={entry.session_state} />
            </Cell>
            <Cell of={text('router')}>
                {entry.router.name === null ? (
                    <Dash />
                ) : (
                    <a href={hrefOf({ page: 'router', id: entry.router.id })}>{entry.router.name}</a>
                )}
            </Cell>
            <Cell of={text('change')}>
                {stateName(text, entry.from)} → {stateName(text, entry.to)}
            </Cell>
            <Cell of={text('reason')} kind="wide">
                {entry.reason ?? <Dash />}
            </Cell>
        </tr>
    );
}

export function Timeline({ session, first }: TimelineProps) {
    const text = useText();
    const [older, setOlder] = useState<{ entries: TimelineEntry[]; next: string | null } | null>(null);
    const action = useAction();
    const entries = [...first.timeline, ...(older?.entries ?? [])];
    const seen = new Set<number>();
    const once = entries.filter(({ id }) => !seen.has(id) && seen.add(id)); // pages shift as changes arrive
    const next = older ? older.next : first.next;

    const loadOlder = async () => {
        const page = await calls.timeline(session.id, next, new AbortController().signal);
        setOlder({ entries: [...(older?.entries ?? []), ...page.timeline], next: page.next });
    };
    if (once.length === 0) {
        return <p class="panel">{text('noTimeline')}</p>;
    }
    return (
        <>
            <Strip session={session} timeline={once} />
            <Table
                caption={text('timeline')}
                columns={[
                    { name: text('time') },
                    { name: text('state') },
                    { name: text('router') },
                    { name: text('change') },
                    { name: text('reason'), kind: 'wide' },
                ]}
            >
                {once.map((entry) => (
                    <Entry key={entry.id} entry={entry} />
                ))}
            </Table>
            {next !== null && (
                <ActButton action={action} what={loadOlder}>
                    {text('older')}
                </ActButton>
            )}
            <ActionError action={action} />
        </>
    );
}
