import { useEffect, useState } from 'preact/hooks';
import * as calls from '../api/calls';
import type { Named } from '../api/types';
import { useMayWrite, useWho } from '../api/who';
import { useLive } from '../live/use_live';
import { ActButton, ActionError, useAction, Waiting } from '../parts/action';
import { Dialog } from '../parts/dialog';
import { Head } from '../parts/facts';
import { Field, Select } from '../parts/field';
import { Cell, Table } from '../parts/table';
import { projectHref } from '../route';
import { useText } from '../text/text';
import { containsAll } from '../words/search';

const searchFrom = 10; // fewer are seen at a glance

function ProjectDialog({ organizations, close }: { organizations: Named[]; close: () => void }) {
    const text = useText();
    const [name, setName] = useState('');
    const [organization, setOrganization] = useState(organizations[0]?.id ?? '');
    const create = async () => {
        const { id } = await calls.createProject({ name: name.trim(), organization_id: organization });
        location.hash = projectHref(id);
    };
    return (
        <Dialog
            title={text('newProject')}
            confirm={text('create')}
            ready={name.trim() !== '' && organization !== ''}
            act={create}
            close={close}
        >
            <Field label={text('name')} value={name} change={setName} />
            {organizations.length > 1 && (
                <Select
                    label={text('organization')}
                    options={organizations}
                    value={organization}
                    change={setOrganization}
                />
            )}
        </Dialog>
    );
}

/* Of a user or the provider. */
function NewProject() {
    const text = useText();
    const [organizations, setOrganizations] = useState<Named[] | null>(null);
    const action = useAction();
    const begin = () =>
        action.run(async () => setOrganizations(await calls.organizations(new AbortController().signal)));
    return (
        <>
            <ActButton action={action} what={begin}>
                {text('newProject')}
            </ActButton>
            <ActionError action={action} />
            {organizations && <ProjectDialog organizations={organizations} close={() => setOrganizations(null)} />}
        </>
    );
}

export function ProjectsPage() {
    const text = useText();
    const who = useWho();
    const mayWrite = useMayWrite();
    const [search, setSearch] = useState('');
    const { data, error, reload } = useLive('projects', {}, (signal) => calls.projects(signal), {
        concerns: (event) => event.type.startsWith('project.'),
    });
    const only = who?.kind === 'project' && data?.length === 1 ? data[0] : undefined;

    useEffect(() => {
        if (only) {
            location.replace(projectHref(only.id));
        }
    }, [only?.id]);

    if (!data) {
        return <Waiting error={error} retry={() => void reload()} />;
    }
    const shown = data.filter((project) => containsAll(search, [project.name, project.id]));
    return (
        <>
            <Head trail={[]} title={text('projects')}>
                {mayWrite && who?.kind !== 'project' && <NewProject />}
            </Head>
            {data.length === 0 && <p class="panel">{text('noProjects')}</p>}
            {data.length >= searchFrom && (
                <input
                    type="search"
                    class="search"
                    placeholder={text('findProject')}
                    aria-label={text('findProject')}
                    value={search}
                    onInput={(event) => setSearch(event.currentTarget.value)}
                />
            )}
            {data.length > 0 && (
                <Table caption={text('projects')} columns={[{ name: text('project') }, { name: 'ID' }]}>
                    {shown.map((project) => (
                        <tr key={project.id}>
                            <Cell kind="title">
                                <a href={projectHref(project.id)}>{project.name}</a>
                            </Cell>
                            <Cell of="ID">
                                <code class="quiet">{project.id}</code>
                            </Cell>
                        </tr>
                    ))}
                </Table>
            )}
        </>
    );
}
