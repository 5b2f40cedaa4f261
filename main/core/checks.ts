import { isEnvelopeId } from '../../shared/envelope-text.ts';
import type { ErrorCode } from '../../shared/errors.ts';

export { isEnvelopeId };

// What comes from a peer is unknown until one of these has named it. By hand and not by a schema: they run for every frame.

export type Check = (value: unknown) => boolean;
export interface Shape {
  readonly required: Readonly<Record<string, Check>>;
  readonly optional?: Readonly<Record<string, Check>>;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
/** More than anybody counts to, and far below where whole numbers end: what is counted on from what a peer tells must be a count for others, too. */
const MAX_TOLD = 2 ** 52;
/** A number that we count on from. */
export const isSequence = (value: unknown): value is number => isCount(value) && value > 0 && value <= MAX_TOLD;
export const isOptionalId = (value: unknown): value is string | 0 => value === 0 || isEnvelopeId(value);
export const isEpoch = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);
export const isCode = (value: unknown): value is ErrorCode => typeof value === 'string' && /^[A-Z_]{1,40}$/.test(value);
/** Characters of a node's name, a version, a namespace digest or a proof; longer ones are nobody's honest work. */
export const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= 128;
export const isBoolean: Check = (value) => typeof value === 'boolean';
export const isIncarnationPair: Check = (value) => Array.isArray(value) && value.length === 2 && value.every(isCount);
export const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
export const exactly =
  (shape: Shape): Check =>
  (value) =>
    isRecord(value) && faultOf(value, shape) === undefined;

/** The name of the first field that is missing, wrong or not expected. */
export function faultOf(fields: Record<string, unknown>, { required, optional = {} }: Shape): string | undefined {
  for (const [name, check] of Object.entries(required))
    if (!Object.hasOwn(fields, name) || !check(fields[name])) return name;
  for (const [name, value] of Object.entries(fields)) {
    if (Object.hasOwn(required, name)) continue;
    if (!Object.hasOwn(optional, name) || !optional[name]?.(value)) return name;
  }
  return undefined;
}
