/** As many as people can tell apart; the variables `--type-0` … are in tokens.css. */
const COLOURS = 10;

/** Type → its colour. Remembered, so that a type keeps its colour while others come. */
const given = new Map<string, number>();
const MOST_REMEMBERED = 1_000;

/** The colour of a machine type: nearly always the same in every run, and one of its own while there are enough. */
export function typeColour(type: string): string {
  let colour = given.get(type) ?? hash(type) % COLOURS;
  if (!given.has(type) && given.size < MOST_REMEMBERED) {
    const taken = new Set(given.values());
    for (let tries = 0; tries < COLOURS && taken.size < COLOURS && taken.has(colour); tries++)
      colour = (colour + 1) % COLOURS;
    given.set(type, colour);
  }
  return `var(--type-${colour})`;
}

/** FNV-1a, of the beginning. */
function hash(text: string): number {
  let sum = 2_166_136_261;
  for (let at = 0; at < Math.min(text.length, 64); at++) sum = Math.imul(sum ^ text.charCodeAt(at), 16_777_619);
  return (sum ^ (sum >>> 13)) >>> 0;
}
