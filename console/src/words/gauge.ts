/* How full a session is. Pure. */
import type { Session } from '../api/types';

export type GaugeLevel = 'normal' | 'near' | 'over';

const nearShare = 0.8;

/* A session that the limit took down has no routes left to count: its legs remember. */
export function gaugeLevel({ prefixes: { received, limit }, legs }: Pick<Session, 'prefixes' | 'legs'>): GaugeLevel {
    if ((limit > 0 && received > limit) || legs.some((leg) => leg.limit_hit)) {
        return 'over';
    }
    return limit > 0 && received >= limit * nearShare ? 'near' : 'normal';
}
