/** Says of whole names whether they fit; a name is given in lower case. */
export type Matcher = (lowerCaseName: string) => boolean;

/**
 * Whether a whole name fits a pattern: `*` stands for any number of characters, `?` for exactly one, everything else for
 * itself, upper or lower case. Takes at most the product of both lengths in steps, whatever the pattern.
 */
export const matchesPattern = (pattern: string, name: string): boolean => matcherOf(pattern)(name.toLowerCase());

/** The same for many names. */
export function matcherOf(pattern: string): Matcher {
  const wanted = pattern.toLowerCase();
  return (given) => {
    let at = 0;
    let place = 0;
    // Where the last star stands, and how much it has taken so far: only the last one ever needs to take more.
    let star = -1;
    let taken = 0;
    while (at < given.length) {
      const sign = wanted[place];
      if (sign === '*') {
        star = place++;
        taken = at;
      } else if (sign === '?') {
        place++;
        at += sizeAt(given, at);
      } else if (sign !== undefined && sign === given[at]) {
        place++;
        at++;
      } else if (star >= 0) {
        place = star + 1;
        taken += sizeAt(given, taken);
        at = taken;
      } else return false;
    }
    while (wanted[place] === '*') place++;
    return place === wanted.length;
  };
}

/** UTF-16 units of the character that begins there. */
const sizeAt = (text: string, at: number): number => ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
