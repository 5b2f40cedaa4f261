/**
 * Whether a whole name fits a pattern: `*` stands for any number of characters, `?` for exactly one, everything else for
 * itself, upper or lower case. Takes at most the product of both lengths in steps, whatever the pattern.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  const wanted = [...pattern.toLowerCase()];
  const given = [...name.toLowerCase()];
  let at = 0;
  let place = 0;
  // Where the last star stands, and how much it has taken so far: only the last one ever needs to take more.
  let star = -1;
  let taken = 0;
  while (at < given.length) {
    if (wanted[place] === '*') {
      star = place++;
      taken = at;
    } else if (place < wanted.length && (wanted[place] === '?' || wanted[place] === given[at])) {
      place++;
      at++;
    } else if (star >= 0) {
      place = star + 1;
      at = ++taken;
    } else return false;
  }
  while (wanted[place] === '*') place++;
  return place === wanted.length;
}
