/* Prefixes used of the limit. */
import type { Session } from '../api/types';
import { useText } from '../text/text';
import { gaugeLevel } from '../words/gauge';

export function Gauge({ session }: { session: Session }) {
    const text = useText();
    const level = gaugeLevel(session);
    const { received: used, limit } = session.prefixes;
    const share = level === 'over' ? 1 : limit > 0 ? used / limit : 0;
    return (
        <div class={`gauge ${level}`}>
            <p>
                <strong>
                    {level === 'over' && used <= limit
                        ? text('gaugeWasOver', { limit })
                        : text('gauge', { used, limit })}
                </strong>
                {level === 'near' && <span class="quiet"> {text('gaugeNear')}</span>}
            </p>
            <svg viewBox="0 0 100 6" width="100%" height="6" preserveAspectRatio="none" aria-hidden="true">
                <rect class="room" width="100" height="6" />
                <rect class="used" width={100 * share} height="6" />
            </svg>
            {level === 'over' && <p class="warning">{text('gaugeOver')}</p>}
        </div>
    );
}
