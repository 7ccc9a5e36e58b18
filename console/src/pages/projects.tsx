import { useEffect, useState } from 'preact/hooks';
import * as calls from '../api/calls';
import { useLive } from '../live/use_live';
import { Waiting } from '../parts/action';
import { Head } from '../parts/facts';
import { Cell, Table } from '../parts/table';
import { hrefOf } from '../route';
import { useText } from '../text/text';
import { containsAll } from '../words/search';

const searchFrom = 10; // fewer are seen at a glance

export function ProjectsPage() {
    const text = useText();
    const [search, setSearch] = useState('');
    const { data, error, reload } = useLive('projects', {}, calls.projects, (event) =>
        event.type.startsWith('project.'),
    );
    const only = data?.length === 1 ? data[0] : undefined;

    useEffect(() => {
        if (only) {
            location.replace(hrefOf({ page: 'project', id: only.id }));
        }
    }, [only?.id]);

    if (!data) {
        return <Waiting error={error} retry={() => void reload()} />;
    }
    const shown = data.filter((project) => containsAll(search, [project.name, project.id]));
    return (
        <>
            <Head trail={[]} title={text('projects')} />
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
                                <a href={hrefOf({ page: 'project', id: project.id })}>{project.name}</a>
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
