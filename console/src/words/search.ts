/* Finding rows by what somebody types: every word has to be in one of the fields. Pure. */
export const wordsOf = (search: string): string[] => search.toLowerCase().split(/\s+/).filter(Boolean);

export const haystackOf = (fields: (string | null | undefined)[]): string => fields.join('\n').toLowerCase();

export function containsAll(search: string, fields: (string | null | undefined)[]): boolean {
    const haystack = haystackOf(fields);
    return wordsOf(search).every((word) => haystack.includes(word));
}
