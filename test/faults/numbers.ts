/** Numbers that one start of a node gives to its events for one receiver: they grow over all its starts. */
export const NUMBERS_A_START = 10_000_000;

export const startOf = (n: number): number => Math.floor(n / NUMBERS_A_START);
