/* Finding rows by what somebody types: every word has to be in one of the fields. Pure. */
export function containsAll(search: string, fields: (string | null | undefined)[]): boolean {
    const haystack = fields.join('\n').toLowerCase();
    return search
        .toLowerCase()
        .split(/\s+/)
        .every((word) => haystack.includes(word));
}
