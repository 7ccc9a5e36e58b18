/* The last day of a session, or what there is of it, as a band. What is worse is lower: colour is not the only sign. */
import type { Session, SessionState, TimelineEntry } from '../api/types';
import { ageText, useText } from '../text/text';
import { useNow } from '../words/clock';
import { localTime } from '../words/time';
import { spanFor, stretches } from '../words/strip';

const quarters = [0, 1, 2, 3, 4];
const width = 1000;
const height = 28;

const topOf: Record<SessionState, number> = { up: 0, partial: 9, down: 20, unknown: 14, disabled: 26 };

export function Strip({ session, timeline }: { session: Session; timeline: TimelineEntry[] }) {
    const text = useText();
    const nowMs = useNow();
    const changes = timeline.map((entry) => ({ atMs: Date.parse(entry.at), state: entry.session_state }));
    changes.push({ atMs: Date.parse(session.since), state: session.state });
    const spanMs = spanFor(nowMs - Math.min(...changes.map(({ atMs }) => atMs)));
    const fromMs = nowMs - spanMs;
    const x = (atMs: number) => ((atMs - fromMs) / spanMs) * width;
    const bands = stretches(changes, fromMs, nowMs);
    const words = bands.map((band) => `${text(band.state)} ${localTime(new Date(band.fromMs).toISOString())}`);
    return (
        <figure class="strip">
            <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={words.join(', ')}>
                <rect class="ground" width={width} height={height} />
                {bands.map((band) => (
                    <rect
                        class={band.state}
                        x={x(band.fromMs)}
                        y={topOf[band.state]}
                        width={Math.max(1.5, x(band.toMs) - x(band.fromMs))}
                        height={height - topOf[band.state]}
                    >
                        <title>{`${text(band.state)}: ${localTime(new Date(band.fromMs).toISOString())}`}</title>
                    </rect>
                ))}
                {quarters.slice(1, -1).map((quarter) => (
                    <line x1={(width / 4) * quarter} x2={(width / 4) * quarter} y2={height} />
                ))}
            </svg>
            <figcaption>
                {quarters.map((quarter) => (
                    <span>{quarter === 4 ? text('rightNow') : `−${ageText(text, (spanMs / 4) * (4 - quarter))}`}</span>
                ))}
            </figcaption>
        </figure>
    );
}
