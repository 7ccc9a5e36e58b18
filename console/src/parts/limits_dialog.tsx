/* The provider's side of a project's BGP: whether it is allowed, how many prefixes, and which. */
import { useState } from 'preact/hooks';
import * as calls from '../api/calls';
import type { ProjectView } from '../api/types';
import { useText } from '../text/text';
import { maxPrefixIsGood, prefixesIn } from '../words/limits_form';
import { Choice } from './choice';
import { Dialog } from './dialog';
import { Field } from './field';

interface LimitsDialogProps {
    project: ProjectView;
    bgp: NonNullable<ProjectView['bgp']>;
    changed: () => Promise<void>;
    close: () => void;
}

export function LimitsDialog({ project, bgp, changed, close }: LimitsDialogProps) {
    const text = useText();
    const before = project.prefixes.join('\n');
    const [status, setStatus] = useState(bgp.status === 'requested' ? 'enabled' : bgp.status);
    const [limit, setLimit] = useState(String(bgp.max_prefix));
    const [prefixes, setPrefixes] = useState(before);
    const save = async () => {
        if (prefixesIn(prefixes).join('\n') !== before) {
            await calls.setPrefixes(project.id, prefixesIn(prefixes));
        }
        if (status !== bgp.status || Number(limit) !== bgp.max_prefix) {
            await calls.limitBgp(project.id, { status, max_prefix: Number(limit) });
        }
        await changed();
    };
    return (
        <Dialog title={text('limits')} confirm={text('save')} ready={maxPrefixIsGood(limit)} act={save} close={close}>
            <p class="name">{text('status')}</p>
            <Choice
                legend={text('status')}
                options={[
                    { value: 'enabled', label: text('bgpEnabled') },
                    { value: 'disabled', label: text('bgpDisabled') },
                ]}
                value={status}
                choose={setStatus}
            />
            <Field
                label={text('prefixLimit')}
                inputMode="numeric"
                value={limit}
                change={setLimit}
                wrong={!maxPrefixIsGood(limit)}
            >
                {text('prefixLimitMeans')}
            </Field>
            <Field label={text('mayAnnounce')} lines={5} value={prefixes} change={setPrefixes}>
                {text('mayAnnounceMeans')}
            </Field>
        </Dialog>
    );
}
