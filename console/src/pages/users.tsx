/* The people of the provider's tenants; for the provider. */
import { useState } from 'preact/hooks';
import * as calls from '../api/calls';
import type { Named } from '../api/types';
import { useMayWrite } from '../api/who';
import { useLive } from '../live/use_live';
import { Waiting } from '../parts/action';
import { Age } from '../parts/age';
import { Dialog } from '../parts/dialog';
import { Field, Select } from '../parts/field';
import { ScopeHead } from '../parts/scope';
import { Cell, Table } from '../parts/table';
import { useText } from '../text/text';

async function load(signal: AbortSignal) {
    const [users, organizations] = await Promise.all([calls.users(signal), calls.organizations(signal)]);
    return { users, organizations };
}

interface UserDialogProps {
    organizations: Named[];
    changed: () => Promise<void>;
    close: () => void;
}

function UserDialog({ organizations, changed, close }: UserDialogProps) {
    const text = useText();
    const [name, setName] = useState('');
    const [email, setEmail] = useState('');
    const [organization, setOrganization] = useState(organizations[0]?.id ?? '');
    const create = async () => {
        await calls.createUser({ full_name: name.trim(), email: email.trim(), organization_id: organization });
        await changed();
    };
    return (
        <Dialog
            title={text('newUser')}
            confirm={text('create')}
            ready={name.trim() !== '' && email.includes('@') && organization !== ''}
            act={create}
            close={close}
        >
            <Field label={text('name')} value={name} change={setName} />
            <Field
                label={text('email')}
                inputMode="email"
                value={email}
                change={setEmail}
                wrong={!email.includes('@')}
            />
            <Select
                label={text('organization')}
                options={organizations}
                value={organization}
                change={setOrganization}
            />
        </Dialog>
    );
}

export function UsersPage() {
    const text = useText();
    const mayWrite = useMayWrite();
    const [creating, setCreating] = useState(false);
    const { data, error, reload } = useLive('users', {}, load);
    if (!data) {
        return <Waiting error={error} retry={() => void reload()} />;
    }
    return (
        <>
            <ScopeHead project={null} tab="users">
                {mayWrite && (
                    <button type="button" class="primary" onClick={() => setCreating(true)}>
                        {text('newUser')}
                    </button>
                )}
            </ScopeHead>
            {data.users.length === 0 ? (
                <p class="panel">{text('noUsers')}</p>
            ) : (
                <Table
                    caption={text('users')}
                    columns={[
                        { name: text('name') },
                        { name: text('email') },
                        { name: 'ID' },
                        { name: text('created'), kind: 'end' },
                    ]}
                >
                    {data.users.map((user) => (
                        <tr key={user.id}>
                            <Cell kind="title">{user.full_name}</Cell>
                            <Cell of={text('email')}>{user.email}</Cell>
                            <Cell of="ID">
                                <code class="quiet">{user.id}</code>
                            </Cell>
                            <Cell of={text('created')} kind="end">
                                <Age at={user.created_at} />
                            </Cell>
                        </tr>
                    ))}
                </Table>
            )}
            {creating && (
                <UserDialog organizations={data.organizations} changed={reload} close={() => setCreating(false)} />
            )}
        </>
    );
}
