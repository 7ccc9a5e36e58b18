/* Who changed what. */
import * as calls from '../api/calls';
import type { AuditEntry, Piece } from '../api/types';
import { useLive } from '../live/use_live';
import { Waiting } from '../parts/action';
import { Time } from '../parts/age';
import { useOlder } from '../parts/older';
import { ScopeHead } from '../parts/scope';
import { Cell, Dash, Table } from '../parts/table';
import { useText } from '../text/text';
import { loadScope } from './events';

function EntryRow({ entry }: { entry: AuditEntry }) {
    const text = useText();
    return (
        <tr>
            <Cell kind="title">
                <Time at={entry.at} />
            </Cell>
            <Cell of={text('byWhom')}>
                {entry.who || <code class="quiet">{entry.token_id}</code>}
            </Cell>
            <Cell of={text('action')}>
                <code class="key">{entry.action}</code>
            </Cell>
            <Cell of={text('detail')} kind="wide">
                {entry.detail || <Dash />}
            </Cell>
            <Cell of={text('object')}>{entry.object ? <code class="quiet">{entry.object}</code> : <Dash />}</Cell>
        </tr>
    );
}

function Entries({ project, first }: { project: string | null; first: Piece<AuditEntry> }) {
    const text = useText();
    const { rows, button } = useOlder(first, (cursor, signal) => calls.audit(project, cursor, signal));
    if (rows.length === 0) {
        return <p class="panel">{text('noAudit')}</p>;
    }
    return (
        <>
            <Table
                caption={text('audit')}
                columns={[
                    { name: text('time') },
                    { name: text('byWhom') },
                    { name: text('action') },
                    { name: text('detail'), kind: 'wide' },
                    { name: text('object') },
                ]}
            >
                {rows.map((entry) => (
                    <EntryRow key={entry.id} entry={entry} />
                ))}
            </Table>
            {button}
        </>
    );
}

export function AuditPage({ project: id }: { project: string | null }) {
    const { data, error, reload } = useLive(`audit ${id}`, id === null ? {} : { project: id }, async (signal) => {
        const [project, first] = await Promise.all([loadScope(id, signal), calls.audit(id, null, signal)]);
        return { project, first };
    });
    if (!data) {
        return <Waiting error={error} retry={() => void reload()} />;
    }
    return (
        <>
            <ScopeHead project={data.project} tab="audit" />
            <Entries project={id} first={data.first} />
        </>
    );
}
