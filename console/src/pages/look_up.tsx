/* Who announces this address? The question is in the page's address, so it can be passed on. */
import { useEffect, useState } from 'preact/hooks';
import * as calls from '../api/calls';
import { useLive } from '../live/use_live';
import { errorWords } from '../parts/action';
import { Choice } from '../parts/choice';
import { Head } from '../parts/facts';
import { RouteTable } from '../parts/route_rows';
import { hrefOf } from '../route';
import { useText } from '../text/text';

interface LookUpProps {
    prefix: string;
    match: 'longest' | 'exact';
}

export function LookUpPage({ prefix, match }: LookUpProps) {
    const text = useText();
    const [typed, setTyped] = useState(prefix);
    const [how, setHow] = useState(match);
    useEffect(() => setTyped(prefix), [prefix]);
    useEffect(() => setHow(match), [match]);

    const ask = (event: Event) => {
        event.preventDefault();
        location.hash = hrefOf({ page: 'lookup', prefix: typed.trim(), match: how });
    };
    return (
        <>
            <Head trail={[]} title={text('lookUp')} />
            <form class="look-up" role="search" onSubmit={ask}>
                <label>
                    {text('lookUpMeans')}
                    <input
                        type="search"
                        required
                        autoComplete="off"
                        spellcheck={false}
                        placeholder="192.0.2.9, 2001:db8::/48"
                        aria-label={text('addressOrPrefix')}
                        value={typed}
                        onInput={(event) => setTyped(event.currentTarget.value)}
                    />
                </label>
                <Choice
                    legend={text('lookUp')}
                    options={[
                        { value: 'longest', label: text('longest') },
                        { value: 'exact', label: text('exact') },
                    ]}
                    value={how}
                    choose={setHow}
                />
                <button type="submit" class="primary">
                    {text('find')}
                </button>
            </form>
            {prefix && <Found key={`${prefix} ${match}`} prefix={prefix} match={match} />}
        </>
    );
}

function Found({ prefix, match }: LookUpProps) {
    const text = useText();
    const { data, error } = useLive(`look-up ${prefix} ${match}`, {}, (signal) => calls.lookUp(prefix, match, signal));
    if (!data) {
        return (
            <p class={error ? 'error' : 'waiting'} role="status">
                {error ? errorWords(text, error) : `${text('loading')}…`}
            </p>
        );
    }
    if (data.match === null || data.routes.length === 0) {
        return (
            <p class="panel" role="status">
                {text('notAnnounced')}
            </p>
        );
    }
    return (
        <>
            <p class="found" role="status">
                {text('matched', { prefix: data.match })}
            </p>
            <RouteTable routes={data.routes} withServer />
        </>
    );
}
