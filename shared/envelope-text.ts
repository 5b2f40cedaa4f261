import { InterMachineError } from './errors.ts';
import { isMachineId, type MachineId } from './ids.ts';

/** What travels, and is stored, in front of an event. Both ends of its stream say which nodes the machines are on. */
export interface Label {
  readonly from: MachineId;
  readonly to: MachineId;
  /** The sender's wall clock, milliseconds since the Unix epoch. */
  readonly sentAt: number;
  /** Milliseconds, by the clock of the node that wrote the label (delivery-time.ts); 0 where it never expires. */
  readonly expiresAt: number;
  readonly correlationId?: string;
  readonly causationId?: string;
  /** Only in a log, and only where the id does not follow from the place in the stream. */
  readonly id?: string;
}

/** One line of JSON. An array, as it is written by the thousand: the place says what it is. */
export function encodeLabel({ from, to, sentAt, expiresAt, correlationId, causationId, id }: Label): string {
  const label = `[${quote(from)},${quote(to)},${sentAt},${expiresAt}`;
  if (id !== undefined) return `${label},${JSON.stringify([correlationId ?? 0, causationId ?? 0, id]).slice(1)}`;
  if (correlationId === undefined && causationId === undefined) return `${label}]`;
  return `${label},${JSON.stringify([correlationId ?? 0, causationId ?? 0]).slice(1)}`;
}

/** A label that came from a peer. Throws FRAME_INVALID. */
export function decodeLabel(line: string): Label {
  const fields = fieldsOf(line);
  const [from, to, sentAt, expiresAt, correlationId = 0, causationId = 0] = fields;
  if (fields.length !== 4 && fields.length !== 6) throw invalid('without its four or six fields');
  if (!isMachineId(from) || !isMachineId(to) || !isMilliseconds(sentAt) || !isMilliseconds(expiresAt))
    throw invalid('with a bad field');
  if (!isOptionalId(correlationId) || !isOptionalId(causationId)) throw invalid('with a bad id');
  return labelOf(fields);
}

/** A label that we wrote ourselves, or checked before it was stored. */
export const readLabel = (line: string): Label => labelOf(JSON.parse(line) as unknown[]);

/** The id that an envelope has by its place in a stream. No epoch is used twice, so no id is. */
export const positionId = (epoch: string, sequence: number): string => `${epoch}-${sequence}`;

/** Where an envelope stands in a stream. */
export interface Place {
  readonly epoch: string;
  readonly sequence: number;
}

/** By its id; `undefined` for what goes with no stream. */
export function placeOf(id: string): Place | undefined {
  if (id.charAt(EPOCH_LENGTH) !== '-') return undefined;
  return { epoch: id.slice(0, EPOCH_LENGTH), sequence: Number(id.slice(EPOCH_LENGTH + 1)) };
}
const EPOCH_LENGTH = 16;

/** Lines of a text that holds two of them for each envelope. */
export const linesOf = (text: string): readonly string[] => text.split('\n');

/** What an envelope takes on its way and in memory, in UTF-16 units: near enough to bytes for limits. */
export const lengthOf = (text: string): number => text.length + OVERHEAD;
/** What is kept beside the text of an envelope. */
const OVERHEAD = 100;

function fieldsOf(line: string): unknown[] {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch (cause) {
    throw new InterMachineError('FRAME_INVALID', 'Frame: an envelope whose label is not JSON', { cause });
  }
  if (!Array.isArray(fields)) throw invalid('whose label is no list');
  return fields;
}

function labelOf([from, to, sentAt, expiresAt, correlationId, causationId, id]: readonly unknown[]): Label {
  return {
    from: from as MachineId,
    to: to as MachineId,
    sentAt: sentAt as number,
    expiresAt: expiresAt as number,
    ...(typeof correlationId === 'string' && { correlationId }),
    ...(typeof causationId === 'string' && { causationId }),
    ...(typeof id === 'string' && { id }),
  };
}

const isMilliseconds = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
export const isEnvelopeId = (value: unknown): value is string =>
  typeof value === 'string' && /^[\w-]{1,64}$/.test(value);
const isOptionalId = (value: unknown): boolean => value === 0 || isEnvelopeId(value);

/** Machine ids hold no quotes and no control characters. */
const quote = (id: MachineId): string => (id.includes('\\') ? JSON.stringify(id) : `"${id}"`);

const invalid = (problem: string) => new InterMachineError('FRAME_INVALID', `Frame: an envelope ${problem}`);
