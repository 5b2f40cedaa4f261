import type { Until } from '../../shared/envelope.ts';
import { InterMachineError } from '../../shared/errors.ts';
import { shorten } from '../../shared/ids.ts';
import { MAX_TTL_MS } from './defaults.ts';
import type { SendOptions } from './machinery.ts';

// What a program that is not type-checked may give all the same. Throws INPUT_INVALID, before anything is done.

/** The id or the address that is meant. */
export function nameOf(target: unknown): string {
  const name = isObject(target) ? target.address : target;
  if (typeof name === 'string') return name;
  throw invalid('the target', 'an id, an address, or a machine that was found', target);
}

export function assertOptions(options: unknown): asserts options is object {
  if (!isObject(options)) throw invalid('the options', 'an object, or nothing,', options);
}

export function assertSendOptions(options: SendOptions): void {
  assertOptions(options);
  const { until, delivery, ttlMs } = options;
  if (until !== undefined && !UNTIL.includes(until)) throw invalid('until', oneOf(UNTIL), until);
  if (delivery !== undefined && !DELIVERY.includes(delivery)) throw invalid('delivery', oneOf(DELIVERY), delivery);
  if (ttlMs !== undefined) assertMs('ttlMs', ttlMs, MAX_TTL_MS);
}

export function assertMs(name: string, ms: unknown, max: number): void {
  if (!(typeof ms === 'number' && ms > 0 && ms <= max))
    throw invalid(name, `a number of milliseconds above 0 and up to ${max}`, ms);
}

const UNTIL: readonly Until[] = ['accepted', 'delivered', 'handled'];
const DELIVERY: readonly NonNullable<SendOptions['delivery']>[] = ['reliable', 'volatile'];

const oneOf = (words: readonly string[]): string => words.map((word) => `"${word}"`).join(' or ');

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const invalid = (name: string, expected: string, given: unknown) =>
  new InterMachineError('INPUT_INVALID', `${name}: ${expected} is expected, not ${shown(given)}`);

function shown(given: unknown): string {
  if (typeof given === 'string') return `"${shorten(given)}"`;
  if (Array.isArray(given)) return 'a list';
  if (typeof given === 'function') return 'a function';
  return isObject(given) ? 'another object' : shorten(String(given));
}
