/* Enabling BGP for a project, or changing it. The service takes the whole at once, so the password that is set comes
 * in with the rest. */
import { useState } from 'preact/hooks';
import * as calls from '../api/calls';
import type { ProjectView } from '../api/types';
import { useText } from '../text/text';
import { localAsn, problemsOf, requestOf, type BgpForm } from '../words/bgp_form';
import { Choice } from './choice';
import { Dialog } from './dialog';

interface BgpDialogProps {
    project: ProjectView;
    md5: string | null;
    changed: () => Promise<void>;
    close: () => void;
}

function formOf({ bgp }: ProjectView, md5: string | null): BgpForm {
    const global = bgp?.deployment_type === 'global';
    return { type: global ? 'global' : 'local', asn: global ? String(bgp?.asn) : '', md5: md5 ?? '' };
}

export function BgpDialog({ project, md5, changed, close }: BgpDialogProps) {
    const text = useText();
    const [form, setForm] = useState(() => formOf(project, md5));
    const problems = problemsOf(form);
    const active = project.bgp !== null;
    const save = async () => {
        await calls.requestBgp(project.id, requestOf(form));
        await changed();
    };
    return (
        <Dialog
            title={text('bgpSettings')}
            confirm={text(active ? 'save' : 'enableBgp')}
            ready={!problems.asn && !problems.md5}
            act={save}
            close={close}
        >
            <Choice
                legend={text('bgpType')}
                options={[
                    { value: 'local', label: text('local') },
                    { value: 'global', label: text('global') },
                ]}
                value={form.type}
                choose={(type) => setForm({ ...form, type })}
            />
            <p class="help">{text(form.type === 'local' ? 'localMeans' : 'globalMeans')}</p>
            <label>
                {text('asn')}
                <input
                    inputMode="numeric"
                    autoComplete="off"
                    disabled={form.type === 'local'}
                    value={form.type === 'local' ? String(localAsn) : form.asn}
                    aria-invalid={problems.asn}
                    aria-describedby="asn-help"
                    onInput={(event) => setForm({ ...form, asn: event.currentTarget.value.trim() })}
                />
            </label>
            <p id="asn-help" class="help">
                {form.type === 'global' && text('asnRange')}
            </p>
            <label>
                {text('md5')}
                <input
                    autoComplete="off"
                    spellcheck={false}
                    value={form.md5}
                    aria-invalid={problems.md5}
                    aria-describedby="md5-help"
                    onInput={(event) => setForm({ ...form, md5: event.currentTarget.value.trim() })}
                />
            </label>
            <p id="md5-help" class="help">
                {text('md5Rule')} {active && text('md5Resets')}
            </p>
        </Dialog>
    );
}
