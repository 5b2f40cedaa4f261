import type { MachineEvent } from './envelope.ts';
import { InterMachineError, reasonOf } from './errors.ts';
import { shorten } from './ids.ts';
import { hasLongNumber, namesIn, namesInText } from './strict-json.ts';

/** Levels of nesting. Deep enough for every event seen; `JSON.stringify` overflows the stack near 10,000. */
export const MAX_EVENT_DEPTH = 64;

/** From here on JavaScript writes whole numbers with an exponent: nobody takes those for exact. */
const EXPONENT_FROM = 1e21;

/** The JSON text of an event. Throws EVENT_INVALID with the path of what is not plain JSON. */
export function encodeEvent(event: unknown): string {
  checkEvent(event);
  return JSON.stringify(event);
}

/** A fresh event object, as it may be handed to a machine. Throws EVENT_INVALID. */
export function decodeEvent(json: string): MachineEvent {
  const names = namesInText(json, MAX_EVENT_DEPTH);
  if (names === undefined) throw invalid('event', tooDeep);
  const event = parse(json);
  checkEvent(event);
  if (namesIn(event) !== names) throw invalid('event', 'one name is there twice');
  if (hasLongNumber(json)) throw invalid('event', 'a number of more than 21 digits is not kept; send it as a text');
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

/** What keeps a value from being written as JSON and read back the same, with its path; `undefined` where nothing does. */
export function jsonFault(value: unknown, path: string): string | undefined {
  if (isPlain(value, 0)) return undefined;
  try {
    checkPlain(value, path, 0);
    return undefined;
  } catch (thrown) {
    return reasonOf(thrown);
  }
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
      return isKept(value);
    case 'object':
      if (value === null) return true;
      if (depth === MAX_EVENT_DEPTH) return false;
      return Array.isArray(value) ? isPlainList(value, depth) : isPlainObject(value as Record<string, unknown>, depth);
    default:
      return false;
  }
}

/** Whether the other end gets this very number: JSON has no endless ones and loses the sign of -0, and beyond 2^53 - 1 neighbours are one. */
const isKept = (value: number): boolean =>
  Number.isSafeInteger(value)
    ? !Object.is(value, -0)
    : Number.isFinite(value) && (!Number.isInteger(value) || Math.abs(value) >= EXPONENT_FROM);

function faultOf(value: number): string {
  if (!Number.isFinite(value)) return `${value} cannot be written as JSON`;
  if (value === 0) return 'JSON does not keep -0; send 0';
  return `${value} is beyond the whole numbers that are exact (2^53 - 1); send it as a text`;
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
      if (!isKept(value)) throw invalid(path, faultOf(value));
      return;
    case 'object':
      if (value === null) return;
      if (depth === MAX_EVENT_DEPTH) throw invalid(path, tooDeep);
      if (Array.isArray(value)) checkItems(value, path, depth);
      else checkProperties(value, path, depth);
      return;
    default:
      throw invalid(path, `${value === undefined ? 'undefined' : `a ${typeof value}`} cannot be written as JSON`);
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
