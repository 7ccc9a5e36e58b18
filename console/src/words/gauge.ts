/* How full a session is. Pure. */
export type GaugeLevel = 'normal' | 'near' | 'over';

const nearShare = 0.8;

export function gaugeLevel(used: number, limit: number): GaugeLevel {
    if (limit <= 0) {
        return 'normal';
    }
    return used > limit ? 'over' : used >= limit * nearShare ? 'near' : 'normal';
}
