/* What a provider may set for a project's BGP. Pure. */
const prefixesMax = 10_000;

export const maxPrefixIsGood = (text: string): boolean => /^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= prefixesMax;

/* The prefixes in a text: one a line, or between blanks or commas. The service judges each. */
export const prefixesIn = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);
