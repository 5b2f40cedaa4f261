import valid from 'semver/functions/valid.js';
import type { OutcomeStatus } from '../../shared/envelope.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import { isMachineId, isName, isNodeId, type MachineId, type NodeId } from '../../shared/ids.ts';
import { namesIn, namesInText } from '../../shared/strict-json.ts';
import {
  type Check,
  exactly,
  faultOf,
  isBoolean,
  isCode,
  isCount,
  isEnvelopeId,
  isEpoch,
  isIncarnationPair,
  isOptionalId,
  isRecord,
  isSequence,
  isText,
  listOf,
  type Shape,
} from './checks.ts';
import { MAX_EXCHANGED, MAX_FRAME_DEPTH, MAX_REPLACED_KEYS, MAX_RESUME_EPOCHS, PROTOCOL_VERSION } from './defaults.ts';
import { metadataFault } from './metadata.ts';
import { OBSERVATION_SHAPES, type ObservationFrame } from './observation-frames.ts';
import {
  isPairingMethod,
  type KeyFrame,
  PAIRING_SHAPES,
  type PairingFrame,
  type PairingMethod,
} from './pairing-frames.ts';
import type { Proof, StoredEnvelope } from './ports.ts';

/** Who speaks, and why it may be let in. The first frame of both sides. */
export interface Hello {
  readonly type: 'hello';
  readonly version: number;
  readonly id: NodeId;
  readonly name: string;
  readonly incarnation: number;
  readonly namespace: string;
  /** One for each network key that the sender has. */
  readonly proofs: readonly Proof[];
  /** Where the sender takes connections, at the address that it comes from. */
  readonly port?: number;
  /** The sender's person wants to pair the two. The line is for that alone. */
  readonly pair?: PairingMethod;
}

/** Of two nodes the one with the smaller id says which connection stays: that with the highest generation. */
export interface Welcome {
  readonly type: 'welcome';
  /** Incarnation of the sender and a number that grows with each welcome, compared in this order. */
  readonly generation: Generation;
}
export type Generation = readonly [incarnation: number, count: number];

/** The answer to a welcome that is not newer than what we know: its sender was restored, and so was its clock. */
export interface Behind {
  readonly type: 'behind';
  /** Of the generation that we know. */
  readonly incarnation: number;
}

export interface WireMachine {
  readonly id: MachineId;
  readonly type: string;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly healthy: boolean;
  readonly running: boolean;
}

/** What the sender hosts: at first all of it, in pages; then what changes. */
export interface Machines {
  readonly type: 'machines';
  /** The first page of a full list: what no page of it names is gone. */
  readonly full: boolean;
  /** No further page follows. */
  readonly last: boolean;
  readonly added: readonly WireMachine[];
  readonly removed: readonly MachineId[];
}

/** Where the sender can be reached, and where others can that it is connected to. Hints: who is there is proven by dialling. */
export interface PeersFrame {
  readonly type: 'peers';
  /** On which the sender listens, at the address that its line comes from if that is its own, and at `hosts`. */
  readonly port: number;
  readonly hosts: readonly string[];
  readonly peers: readonly (readonly [id: NodeId, endpoints: readonly WireEndpoint[]])[];
}
export type WireEndpoint = readonly [host: string, port: number];

/** For each epoch with envelopes that the receiver has not acknowledged: the first of them. */
export interface Resume {
  readonly type: 'resume';
  readonly live: Readonly<Record<string, number>>;
}

/** Consecutive envelopes of one epoch. */
export interface Messages {
  readonly type: 'messages';
  readonly epoch: string;
  /** Sequence of the first of them. */
  readonly first: number;
  /** Milliseconds, by the clock of the labels: now. Says how long each envelope still has. */
  readonly at: number;
  /** Two lines for each: its label and its event (shared/envelope-text.ts). */
  readonly text: string;
}

/** Consecutive envelopes of one epoch that will not come. */
export interface Skip {
  readonly type: 'skip';
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
  readonly code: ErrorCode;
}

/** Everything of the epoch up to and with `mark` is on the receiver's disk. */
export interface Ack {
  readonly type: 'ack';
  readonly epoch: string;
  readonly mark: number;
  readonly refused: readonly Refusal[];
  /** What may be sent: up to and with this sequence. */
  readonly credit: number;
}
export type Refusal = readonly [sequence: number, code: ErrorCode];

/** What the machines did with envelopes that were acknowledged. Best effort. */
export interface OutcomeReport {
  readonly type: 'outcome';
  readonly epoch: string;
  readonly of: readonly RunOutcome[];
}
/** Of consecutive envelopes. */
export type RunOutcome = readonly [first: number, last: number, status: OutcomeStatus, code?: ErrorCode];

/** Envelopes that are stored nowhere before they go: with the line they are lost. */
export interface Volatile {
  readonly type: 'volatile';
  readonly envelopes: readonly VolatileEnvelope[];
}
export interface VolatileEnvelope extends StoredEnvelope {
  /** An `answer` is for the question of its `correlationId`, not for the machine that asked. */
  readonly kind: 'send' | 'ask' | 'answer';
  /** Milliseconds until it is worth nothing any more, counted from its arrival; 0 for never. */
  readonly ttlMs: number;
}

/** What the machines did with volatile envelopes, by their ids. Best effort. */
export interface VolatileOutcomes {
  readonly type: 'volatileOutcomes';
  readonly of: readonly VolatileOutcome[];
}
export type VolatileOutcome = readonly [id: string, status: OutcomeStatus, code?: ErrorCode];

/** A sign of life; the answer carries the same `at`, which only its sender understands. */
export interface Ping {
  readonly type: 'ping';
  readonly at: number;
}
export interface Pong {
  readonly type: 'pong';
  readonly at: number;
}

export type Frame =
  | Hello
  | Welcome
  | Behind
  | Machines
  | PeersFrame
  | Resume
  | Messages
  | Skip
  | Ack
  | OutcomeReport
  | Volatile
  | VolatileOutcomes
  | Ping
  | Pong
  | ObservationFrame
  | PairingFrame
  | KeyFrame;

/**
 * The text of a frame: one line of JSON; `messages` and `volatile` go on with two lines for each envelope, its label and its
 * event. Those of `messages` are text already, as they are on disk.
 */
export function encode(frame: Frame): string {
  if (frame.type === 'messages') {
    const { text, ...header } = frame;
    return `${JSON.stringify(header)}\n${text}`;
  }
  if (frame.type !== 'volatile') return JSON.stringify(frame);
  const { envelopes, ...header } = frame;
  let text = JSON.stringify(header);
  for (const envelope of envelopes) text += `\n${JSON.stringify(volatileLabelOf(envelope))}\n${envelope.eventJson}`;
  return text;
}

/** Throws FRAME_INVALID, PROTOCOL_DIFFERS. `undefined` for a type of frame that a later version may have added. */
export function decode(text: string): Frame | undefined {
  const end = text.indexOf('\n');
  const header = parse(end < 0 ? text : text.slice(0, end));
  if (!isRecord(header) || typeof header.type !== 'string') throw invalid('no object with a "type"');
  const type = header.type;
  if (!Object.hasOwn(SHAPES, type)) return undefined;
  // What else is in the greeting of another version is not for us to judge.
  if (type === 'hello' && isCount(header.version) && header.version !== PROTOCOL_VERSION)
    throw otherVersion(header.version);
  checkShape(header, SHAPES[type as Frame['type']], type);
  const hasLines = type === 'messages' || type === 'volatile';
  if (hasLines !== end >= 0) throw invalid(hasLines ? `${type} without envelopes` : `${type} of more than one line`);
  if (type === 'messages') return { ...(header as unknown as Messages), text: text.slice(end + 1) };
  if (type === 'volatile') return { type, envelopes: decodeEnvelopes(text.slice(end + 1).split('\n')) };
  return header as unknown as Frame;
}

function decodeEnvelopes(lines: readonly string[]): VolatileEnvelope[] {
  if (lines.length % 2 === 1) throw invalid('envelopes without two lines for each');
  const envelopes: VolatileEnvelope[] = [];
  for (let at = 0; at < lines.length; at += 2) {
    const label = parse(lines[at] ?? '');
    if (!Array.isArray(label)) throw invalid('an envelope without its fields');
    envelopes.push(decodeVolatile(label, lines[at + 1] ?? ''));
  }
  return envelopes;
}

/** An array, as it is sent by the thousand: the place says what it is. Sender and receiver are machine ids: the nodes are those of the channel. */
const labelOf = ({ id, from, to, sentAt, correlationId, causationId }: StoredEnvelope): readonly unknown[] => [
  id,
  from,
  to,
  sentAt,
  correlationId ?? 0,
  causationId ?? 0,
];

const volatileLabelOf = (envelope: VolatileEnvelope): readonly unknown[] => [
  ...labelOf(envelope),
  envelope.kind,
  envelope.ttlMs,
];

function decodeEnvelope(label: readonly unknown[], eventJson: string): StoredEnvelope {
  if (label.length !== 6) throw invalid('an envelope without its six fields');
  const [id, from, to, sentAt, correlationId, causationId] = label;
  if (!isEnvelopeId(id) || !isMachineId(from) || !isMachineId(to) || !isCount(sentAt))
    throw invalid('an envelope with a bad field');
  if (!isOptionalId(correlationId) || !isOptionalId(causationId)) throw invalid('an envelope with a bad field');
  return {
    id,
    from,
    to,
    sentAt,
    ...(correlationId !== 0 && { correlationId }),
    ...(causationId !== 0 && { causationId }),
    eventJson,
  };
}

function decodeVolatile(label: readonly unknown[], eventJson: string): VolatileEnvelope {
  const envelope = decodeEnvelope(label.slice(0, 6), eventJson);
  const [kind, ttlMs] = label.slice(6);
  if (label.length !== 8 || !isKind(kind) || !isCount(ttlMs)) throw invalid('a volatile envelope with a bad field');
  if (kind === 'answer' && envelope.correlationId === undefined) throw invalid('an answer to no question');
  return { ...envelope, kind, ttlMs };
}

const isKind = (value: unknown): value is VolatileEnvelope['kind'] =>
  value === 'send' || value === 'ask' || value === 'answer';

const FINAL: readonly unknown[] = ['handled', 'ignored', 'refused', 'dead', 'expired'] satisfies OutcomeStatus[];

const isRefusal: Check = (value) =>
  Array.isArray(value) && value.length === 2 && isSequence(value[0]) && isCode(value[1]);
const isRunOutcome: Check = (value) =>
  Array.isArray(value) &&
  isSequence(value[0]) &&
  isSequence(value[1]) &&
  value[0] <= value[1] &&
  FINAL.includes(value[2]) &&
  (value.length === 3 || (value.length === 4 && isCode(value[3])));
const isVolatileOutcome: Check = (value) =>
  Array.isArray(value) &&
  isEnvelopeId(value[0]) &&
  FINAL.includes(value[1]) &&
  (value.length === 2 || (value.length === 3 && isCode(value[2])));
const isLive: Check = (value) =>
  isRecord(value) &&
  Object.keys(value).length <= MAX_RESUME_EPOCHS &&
  Object.entries(value).every(([epoch, first]) => isEpoch(epoch) && isSequence(first));

const isPort: Check = (value) => isSequence(value) && value <= 65_535;
const isEndpoint: Check = (value) => Array.isArray(value) && value.length === 2 && isText(value[0]) && isPort(value[1]);
const isPeerEntry: Check = (value) =>
  Array.isArray(value) && value.length === 2 && isNodeId(value[0]) && shortListOf(isEndpoint)(value[1]);
const shortListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= MAX_EXCHANGED && value.every(check);

/** Whatever they say, each costs the receiver one HMAC at the most. */
const isProofs: Check = (value) =>
  Array.isArray(value) &&
  value.length <= 1 + MAX_REPLACED_KEYS &&
  value.every(exactly({ required: { keyId: isText, mac: isText } }));

/** The same demand as where a machine is registered. */
const isVersion: Check = (value) => isText(value) && valid(value) !== null;
const isMachine = exactly({
  required: {
    id: isMachineId,
    type: isName,
    version: isVersion,
    metadata: (metadata) => metadataFault(metadata) === undefined,
    healthy: isBoolean,
    running: isBoolean,
  },
});
/** Of two with one id nobody could say which counts. */
const isAdded: Check = (value) =>
  Array.isArray(value) && value.every(isMachine) && new Set(value.map(({ id }) => id)).size === value.length;

const SHAPES: Readonly<Record<Frame['type'], Shape>> = {
  hello: {
    required: {
      version: isCount,
      id: isNodeId,
      name: isText,
      incarnation: isCount,
      namespace: isText,
      proofs: isProofs,
    },
    optional: { port: isPort, pair: isPairingMethod },
  },
  welcome: { required: { generation: isIncarnationPair } },
  behind: { required: { incarnation: isSequence } },
  machines: {
    required: {
      full: isBoolean,
      last: isBoolean,
      added: isAdded,
      removed: listOf(isMachineId),
    },
  },
  peers: { required: { port: isPort, hosts: shortListOf(isText), peers: shortListOf(isPeerEntry) } },
  resume: { required: { live: isLive } },
  messages: { required: { epoch: isEpoch, first: isSequence, at: isCount } },
  skip: { required: { epoch: isEpoch, first: isSequence, last: isSequence, code: isCode } },
  ack: { required: { epoch: isEpoch, mark: isCount, refused: listOf(isRefusal), credit: isCount } },
  outcome: { required: { epoch: isEpoch, of: listOf(isRunOutcome) } },
  volatile: { required: {} },
  volatileOutcomes: { required: { of: listOf(isVolatileOutcome) } },
  ping: { required: { at: isCount } },
  pong: { required: { at: isCount } },
  ...OBSERVATION_SHAPES,
  ...PAIRING_SHAPES,
};

/** Missing, wrong or extra: a frame of a known type is taken to the letter. */
function checkShape(header: Record<string, unknown>, shape: Shape, type: string): void {
  const { type: _, ...fields } = header;
  const fault = faultOf(fields, shape);
  if (fault !== undefined) throw invalid(`${type}: field "${fault.slice(0, 40)}" is missing, wrong or not expected`);
}

function parse(line: string): unknown {
  const names = namesInText(line, MAX_FRAME_DEPTH);
  if (names === undefined) throw invalid(`nested deeper than ${MAX_FRAME_DEPTH} levels`);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new InterMachineError('FRAME_INVALID', 'Frame: not JSON', { cause });
  }
  // Of two with one name another program may take the other: what a frame says must be one thing for all.
  if (namesIn(value) !== names) throw invalid('one name is there twice');
  return value;
}

const invalid = (problem: string) => new InterMachineError('FRAME_INVALID', `Frame: ${problem}`);

const otherVersion = (version: number) =>
  new InterMachineError(
    'PROTOCOL_DIFFERS',
    `it speaks protocol ${version} and this node ${PROTOCOL_VERSION}: run the same version of InterMachine on both`,
  );
