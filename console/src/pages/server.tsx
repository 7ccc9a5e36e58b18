/* A server: one row for each family, each with its panel to manage it. */
import { useState } from 'preact/hooks';
import * as calls from '../api/calls';
import { families, type Family, type ServerView } from '../api/types';
import { useLive } from '../live/use_live';
import { ActButton, ActionError, useAction, Waiting } from '../parts/action';
import { Age } from '../parts/age';
import { Fact, Facts, Head } from '../parts/facts';
import { Manage } from '../parts/manage';
import { State } from '../parts/state';
import { Cell, Dash, Prefixes, Table } from '../parts/table';
import { hrefOf, projectHref } from '../route';
import { useText } from '../text/text';
import { familyName, familyOfAddress } from '../words/family';

async function load(id: string, signal: AbortSignal) {
    const server = await calls.server(id, signal);
    const project = await calls.project(server.project_id, signal);
    return { server, project };
}

interface FamilyRowsProps {
    server: ServerView;
    family: Family;
    reload: () => Promise<void>;
}

const columnCount = 6;

function FamilyRows({ server, family, reload }: FamilyRowsProps) {
    const text = useText();
    const [open, setOpen] = useState(false);
    const session = server.sessions[family];
    const able = server.addresses.some((address) => familyOfAddress(address) === family);
    const panel = `manage-${family}`;
    return (
        <>
            <tr>
                <Cell kind="title">{familyName[family]}</Cell>
                <Cell of={text('state')}>
                    {session ? (
                        <a class="state-link" href={hrefOf({ page: 'session', id: session.id })}>
                            <State state={session.state} />
                        </a>
                    ) : (
                        <State state="disabled" />
                    )}
                </Cell>
                <Cell of={text('learnedRoutes')}>
                    {session && session.learned_routes.length > 0 ? (
                        <Prefixes list={session.learned_routes} rest={(count) => text('more', { count })} most={3} />
                    ) : (
                        <span class="quiet">{text(session ? 'none' : 'notApplicable')}</span>
                    )}
                </Cell>
                <Cell of={text('reason')} kind="wide">
                    {session?.reason ?? (able ? <Dash /> : <span class="quiet">{text('noAddress')}</span>)}
                </Cell>
                <Cell of={text('updated')} kind="end">
                    {session ? <Age at={session.updated_at} /> : <Dash />}
                </Cell>
                <Cell kind="end">
                    <button
                        type="button"
                        aria-expanded={open}
                        aria-controls={panel}
                        aria-label={text('manageOf', { family: familyName[family], server: server.hostname })}
                        onClick={() => setOpen(!open)}
                    >
                        {text('manage')}
                    </button>
                </Cell>
            </tr>
            <tr id={panel} class="panel-row" hidden={!open}>
                <td colSpan={columnCount}>
                    {open && <Manage server={server} family={family} session={session} changed={reload} />}
                </td>
            </tr>
        </>
    );
}

export function ServerPage({ id }: { id: string }) {
    const text = useText();
    const update = useAction();
    const { data, error, reload } = useLive(`server ${id}`, { device: id }, (signal) => load(id, signal));
    if (!data) {
        return <Waiting error={error} retry={() => void reload()} />;
    }
    const { server, project } = data;
    const updateNow = async () => {
        await calls.updateServer(id);
        await reload();
    };
    return (
        <>
            <Head
                trail={[
                    { name: text('projects'), href: hrefOf({ page: 'projects' }) },
                    { name: project.name, href: projectHref(project.id) },
                ]}
                title={server.hostname}
            >
                <ActButton action={update} what={updateNow} busyLabel={`${text('updating')}…`}>
                    {text('updateNow')}
                </ActButton>
            </Head>
            <ActionError action={update} />
            <Facts>
                <Fact name={text('metro')}>{server.metro}</Fact>
                <Fact name={text('addresses')}>
                    <Prefixes list={server.addresses} rest={(count) => text('more', { count })} most={4} />
                </Fact>
            </Facts>
            <h2>{text('sessions')}</h2>
            <Table
                caption={text('sessions')}
                columns={[
                    { name: text('family') },
                    { name: text('state') },
                    { name: text('learnedRoutes') },
                    { name: text('reason'), kind: 'wide' },
                    { name: text('updated'), kind: 'end' },
                    { name: '' },
                ]}
            >
                {families.map((family) => (
                    <FamilyRows key={family} server={server} family={family} reload={reload} />
                ))}
            </Table>
        </>
    );
}
