// What `JSON.parse` passes over: of two properties with one name it keeps the last, nesting has no end, and of a long number it keeps the beginning.

/**
 * How many names of properties a JSON text has, told without parsing it; `undefined` where brackets nest deeper than `limit`.
 * What was parsed has fewer (`namesIn`) only where one of them was there twice. Of a text that is no JSON it says nothing.
 */
export function namesInText(json: string, limit: number): number | undefined {
  let names = 0;
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    switch (json.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(json, at);
        break;
      case COLON:
        names++;
        break;
      case OPENING_BRACKET:
      case OPENING_BRACE:
        if (++depth > limit) return undefined;
        break;
      case CLOSING_BRACKET:
      case CLOSING_BRACE:
        depth--;
    }
  }
  return names;
}

/** How many properties a value that was parsed has, those within it included. */
export function namesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let names = 0;
  if (Array.isArray(value)) {
    for (const item of value) names += namesIn(item);
    return names;
  }
  for (const key of Object.keys(value)) names += 1 + namesIn((value as Readonly<Record<string, unknown>>)[key]);
  return names;
}

/**
 * Whether a JSON text has a number with 22 digits or more before its point: JavaScript writes none without an exponent, so another program meant all
 * of them, and `JSON.parse` keeps 17.
 */
export function hasLongNumber(json: string): boolean {
  if (!/\d{22}/.test(json)) return false;
  const next = /"|(?<![.\d])\d{22}/g;
  for (let found = next.exec(json); found; found = next.exec(json)) {
    if (found[0] !== '"') return true;
    next.lastIndex = endOfString(json, found.index) + 1;
  }
  return false;
}

/** Where the text that begins at `from` has its closing quote: one behind an even number of backslashes. */
function endOfString(json: string, from: number): number {
  for (let end = json.indexOf('"', from + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let before = end;
    while (json.charCodeAt(before - 1) === BACKSLASH) before--;
    if ((end - before) % 2 === 0) return end;
  }
  return json.length;
}

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
