import { jsonFault } from './json-fault.ts';

export type Body =
  | { readonly ok: true; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly fault: Fault };

export interface Fault {
  /** For the person who typed it. */
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
  } catch {
    const { position, why } = jsonFault(text);
    const before = text.slice(0, position).split('\n');
    return { ok: false, fault: { why, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 } };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refused(`An event carries an object, as in {"part": 7}; this is ${nameOf(value)}`);
  if (Object.hasOwn(value, 'type')) return refused('The event’s type comes from the field above: leave "type" out');
  if (hasProtoKey(value)) return refused('A key "__proto__" is refused');
  return { ok: true, fields: value as Readonly<Record<string, unknown>> };
}

const refused = (why: string): Body => ({ ok: false, fault: { why } });

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
