/* The last 24 hours of a session as a band. The colours are also patterns of height: the lower, the worse. */
import type { Session, SessionState, TimelineEntry } from '../api/types';
import { useText } from '../text/text';
import { useNow } from '../words/clock';
import { localTime } from '../words/time';
import { stretches } from '../words/strip';

const spanMs = 24 * 3600 * 1000;
const hours = 24;
const width = 1000;
const height = 28;

const topOf: Record<SessionState, number> = { up: 0, partial: 9, down: 20, unknown: 14, disabled: 26 };

export function Strip({ session, timeline }: { session: Session; timeline: TimelineEntry[] }) {
    const text = useText();
    const nowMs = useNow();
    const fromMs = nowMs - spanMs;
    const x = (atMs: number) => ((atMs - fromMs) / spanMs) * width;
    const changes = timeline.map((entry) => ({ atMs: Date.parse(entry.at), state: entry.session_state }));
    const bands = stretches([{ atMs: Date.parse(session.since), state: session.state }, ...changes], fromMs, nowMs);
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
                {Array.from({ length: hours / 6 - 1 }, (_, i) => (
                    <line x1={(width / 4) * (i + 1)} x2={(width / 4) * (i + 1)} y2={height} />
                ))}
            </svg>
            <figcaption>
                <span>−24 h</span>
                <span>−18 h</span>
                <span>−12 h</span>
                <span>−6 h</span>
                <span>{text('rightNow')}</span>
            </figcaption>
        </figure>
    );
}
