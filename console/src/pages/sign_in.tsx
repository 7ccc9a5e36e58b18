/* A token is tried before it is kept. */
import { useState } from 'preact/hooks';
import { RequestError, tryToken } from '../api/http';
import { keepToken } from '../api/token';
import { errorWords } from '../parts/action';
import { useText } from '../text/text';

export function SignIn() {
    const text = useText();
    const [typed, setTyped] = useState('');
    const [remember, setRemember] = useState(false);
    const [problem, setProblem] = useState('');

    const submit = async (event: Event) => {
        event.preventDefault();
        try {
            await tryToken(typed.trim());
            keepToken(typed.trim(), remember);
        } catch (error) {
            const known = error instanceof RequestError ? error : new RequestError(0, String(error));
            setProblem(known.status === 401 ? text('badToken') : errorWords(text, known));
        }
    };
    return (
        <form class="panel sign-in" onSubmit={(event) => void submit(event)}>
            <h1>{text('title')}</h1>
            <label>
                {text('token')}
                <input
                    type="password"
                    autoComplete="current-password"
                    required
                    autoFocus
                    value={typed}
                    onInput={(event) => setTyped(event.currentTarget.value)}
                    aria-describedby="token-help"
                />
            </label>
            <p id="token-help" class="help">
                {text('tokenHelp')}
            </p>
            <label class="tick">
                <input
                    type="checkbox"
                    checked={remember}
                    onChange={(event) => setRemember(event.currentTarget.checked)}
                />
                {text('remember')}
            </label>
            <p class="error" role="alert">
                {problem}
            </p>
            <button type="submit" class="primary">
                {text('signIn')}
            </button>
        </form>
    );
}
