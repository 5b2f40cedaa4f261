export type Body =
  | { readonly ok: true; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly fault: Fault };

export interface Fault {
  /** A sentence for the person who typed it. */
  readonly why: string;
  /** Where in the text; 1 is the first. Missing where it is about the whole. */
  readonly line?: number;
  readonly column?: number;
}

/** Reads what an event carries beside its type: a JSON object, or nothing. */
export function readBody(text: string): Body {
  if (text.trim() === '') return { ok: true, fields: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    return { ok: false, fault: faultOf(text, thrown) };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fault(`An event carries an object, as in {"part": 7}; this is ${nameOf(value)}`);
  if (Object.hasOwn(value, 'type')) return fault('The event’s type comes from the field above: leave "type" out');
  if (hasProtoKey(value)) return fault('A key "__proto__" is refused');
  return { ok: true, fields: value as Readonly<Record<string, unknown>> };
}

const fault = (why: string): Body => ({ ok: false, fault: { why } });

/** Browsers say where in their own words; only the position is taken from them. */
function faultOf(text: string, thrown: unknown): Fault {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const told = /position (\d+)/.exec(message)?.[1];
  const end = /end of (JSON input|data)|Unterminated/.test(message);
  const position = told !== undefined && !end ? Number(told) : text.trimEnd().length;
  const before = text.slice(0, position).split('\n');
  const place = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  const character = text[position];
  if (end || character === undefined) return { why: `The JSON ends too early: ${missing(text)}`, ...place };
  return { why: reasonAt(text, position, character), ...place };
}

function reasonAt(text: string, position: number, character: string): string {
  const before = text.slice(0, position).trimEnd().at(-1);
  if (character === "'") return 'Text stands in double quotes: "…"';
  if (before === ',' && (character === '}' || character === ']'))
    return `There is a comma too many before "${character}"`;
  if (before === ':') return `A value is expected here, not "${character}"`;
  if (before === '{' || before === ',')
    return /[\w$]/.test(character)
      ? 'A key stands in double quotes: "key"'
      : `Nothing may start with "${character}" here`;
  if (character === '\n') return 'The text is not closed: a quote is missing';
  return `"${character}" is not expected here`;
}

function missing(text: string): string {
  const open = { '{': 0, '[': 0 };
  let inText = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '\\' && inText) at++;
    else if (character === '"') inText = !inText;
    else if (inText) continue;
    else if (character === '{' || character === '[') open[character]++;
    else if (character === '}') open['{']--;
    else if (character === ']') open['[']--;
  }
  if (inText) return 'a closing quote is missing';
  if (open['['] > 0) return 'a "]" is missing';
  return open['{'] > 0 ? 'a "}" is missing' : 'something is missing';
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}

/** The node refuses it, and copying an object by its keys would change what is inherited. */
function hasProtoKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasProtoKey);
}
