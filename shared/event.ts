import type { MachineEvent } from './envelope.ts';
import { InterMachineError } from './errors.ts';
import { shorten } from './ids.ts';

/** Levels of nesting. Deep enough for every event seen; `JSON.stringify` overflows the stack near 10,000. */
export const MAX_EVENT_DEPTH = 64;

/** Below this many characters even the deepest possible text is harmless to parse, so it is not scanned first. */
const SCAN_FROM_LENGTH = 4096;

/** The JSON text of an event. Throws EVENT_INVALID with the path of what is not plain JSON. */
export function encodeEvent(event: unknown): string {
  checkEvent(event);
  return JSON.stringify(event);
}

/** A fresh event object, as it may be handed to a machine. Throws EVENT_INVALID. */
export function decodeEvent(json: string): MachineEvent {
  if (json.length > SCAN_FROM_LENGTH && isDeeperThan(json, MAX_EVENT_DEPTH)) throw invalid('event', tooDeep);
  const event = parse(json);
  checkEvent(event);
  return event;
}

/** Throws EVENT_INVALID unless `event` is an event object of plain JSON that one machine may send another. */
function checkEvent(event: unknown): asserts event is MachineEvent {
  // Where it is wrong is looked for only once it is known to be.
  if (!isPlain(event, 0)) checkPlain(event, 'event', 0);
  if (typeof event !== 'object' || event === null || Array.isArray(event))
    throw invalid('event', 'an object with a "type" is expected');
  const type = 'type' in event ? event.type : undefined;
  if (typeof type !== 'string' || type === '') throw invalid('event.type', 'a text that is not empty is expected');
  if (type === '*') throw invalid('event.type', '"*" stands for all events in a definition and cannot be sent');
  // A machine takes these from itself alone: a forged xstate.stop would stop it.
  if (type.startsWith('xstate.'))
    throw invalid('event.type', `"${shorten(type)}": types that begin with "xstate." belong to XState`);
}

const tooDeep = `nested deeper than ${MAX_EVENT_DEPTH} levels, or containing itself`;

const invalid = (path: string, problem: string) =>
  new InterMachineError('EVENT_INVALID', `${shorten(path)}: ${problem}`);

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new InterMachineError('EVENT_INVALID', 'event: not JSON', { cause });
  }
}

/** What `checkPlain` lets pass. */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      if (value === null) return true;
      if (depth === MAX_EVENT_DEPTH) return false;
      return Array.isArray(value) ? isPlainList(value, depth) : isPlainObject(value as Record<string, unknown>, depth);
    default:
      return false;
  }
}

function isPlainList(items: readonly unknown[], depth: number): boolean {
  for (let index = 0; index < items.length; index++) if (!isPlain(items[index], depth + 1)) return false;
  return true;
}

function isPlainObject(value: Record<string, unknown>, depth: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const key of Object.keys(value)) {
    if (key === '__proto__') return false;
    const property = value[key];
    if (property !== undefined && !isPlain(property, depth + 1)) return false;
  }
  return true;
}

function checkPlain(value: unknown, path: string, depth: number): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return;
    case 'number':
      if (!Number.isFinite(value)) throw invalid(path, `${value} cannot be written as JSON`);
      return;
    case 'object':
      if (value === null) return;
      if (depth === MAX_EVENT_DEPTH) throw invalid(path, tooDeep);
      if (Array.isArray(value)) checkItems(value, path, depth);
      else checkProperties(value, path, depth);
      return;
    default:
      throw invalid(path, `a ${typeof value} cannot be written as JSON`);
  }
}

function checkItems(items: readonly unknown[], path: string, depth: number): void {
  for (let index = 0; index < items.length; index++) checkPlain(items[index], `${path}[${index}]`, depth + 1);
}

function checkProperties(value: object, path: string, depth: number): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw invalid(
      path,
      `a ${value.constructor?.name ?? 'class instance'} is not a plain object; send its JSON form instead`,
    );
  }
  for (const [key, property] of Object.entries(value)) {
    if (key === '__proto__') throw invalid(path, 'a key "__proto__" is not allowed');
    // As JSON.stringify does: a property that is undefined is one that is not there.
    if (property !== undefined) checkPlain(property, `${path}.${key}`, depth + 1);
  }
}

/** Whether brackets outside of strings nest deeper than `limit`; told without parsing. */
export function isDeeperThan(json: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '[' || character === '{') {
      if (++depth > limit) return true;
    } else if (character === ']' || character === '}') depth--;
  }
  return false;
}
