/* Times and ages as people read them. Pure. */

const steps = [
    { unit: 'd', seconds: 86400 },
    { unit: 'h', seconds: 3600 },
    { unit: 'min', seconds: 60 },
    { unit: 's', seconds: 1 },
] as const;

export type AgeUnit = (typeof steps)[number]['unit'];
export type AgePart = { count: number; unit: AgeUnit };

/* Two units at most, the second one only where it matters: "2 h 5 min", "12 d", "40 s". Never negative. */
export function ageParts(ageMs: number): AgePart[] {
    const ageS = Math.max(0, Math.floor(ageMs / 1000));
    const at = Math.max(
        0,
        steps.findIndex((step) => ageS >= step.seconds),
    );
    const first = steps[ageS === 0 ? steps.length - 1 : at]!;
    const parts: AgePart[] = [{ count: Math.floor(ageS / first.seconds), unit: first.unit }];
    const second = steps[at + 1];
    const rest = second ? Math.floor((ageS % first.seconds) / second.seconds) : 0;
    const matters = (first.unit === 'h' && parts[0]!.count < 24) || (first.unit === 'd' && parts[0]!.count < 7);
    if (second && rest > 0 && matters) {
        parts.push({ count: rest, unit: second.unit });
    }
    return parts;
}

const two = (value: number) => String(value).padStart(2, '0');

/* "2026-11-22 03:04:05", local time; the service speaks UTC. */
export function localTime(time: string): string {
    const at = new Date(time);
    const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/* For a tooltip: UTC, to the millisecond, to be compared with a router's log. */
export const exactTime = (time: string): string => new Date(time).toISOString().replace('T', ' ').replace('Z', ' UTC');
