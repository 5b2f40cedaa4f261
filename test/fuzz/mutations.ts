import fc from 'fast-check';
import { encode, type Frame, type Hello } from '../../main/core/wire.ts';
import { machineId, type NodeId } from '../../shared/ids.ts';

/** Of which a sender in these tests speaks; few, as a real one starts seldom. */
export const EPOCH = 'feedfacefeedface';

/** One of each kind, as a member may send them once its line is open. */
export const CONTENT: readonly string[] = (
  [
    { type: 'welcome', generation: [1, 1] },
    { type: 'behind', incarnation: 4 },
    {
      type: 'machines',
      full: true,
      last: true,
      added: [
        { id: machineId('A_1'), type: 'A', version: '1.0.0', metadata: { bay: '3' }, healthy: true, running: true },
      ],
      removed: [machineId('B_1')],
    },
    { type: 'peers', port: 4_000, hosts: ['192.0.2.1'], peers: [] },
    { type: 'resume', live: { [EPOCH]: 1 } },
    {
      type: 'messages',
      epoch: EPOCH,
      first: 1,
      at: 3,
      text: '["A_1","Sink_1",5,9]\n{"type":"OTHER","n":[1,{"deep":true}]}',
    },
    { type: 'skip', epoch: EPOCH, first: 1, last: 2, code: 'ENVELOPE_EXPIRED' },
    { type: 'ack', epoch: EPOCH, mark: 0, refused: [[3, 'MACHINE_UNKNOWN']], credit: 7 },
    {
      type: 'outcome',
      epoch: EPOCH,
      of: [
        [1, 4, 'handled'],
        [5, 5, 'refused', 'MACHINE_STOPPED'],
      ],
    },
    {
      type: 'volatile',
      envelopes: [
        {
          id: 'v-1',
          from: machineId('A_1'),
          to: machineId('Sink_1'),
          sentAt: 5,
          eventJson: '{"type":"OTHER"}',
          kind: 'ask',
          ttlMs: 9,
        },
        {
          id: 'v-2',
          from: machineId('A_1'),
          to: machineId('Sink_1'),
          sentAt: 5,
          correlationId: 'q',
          eventJson: '{"type":"OTHER"}',
          kind: 'answer',
          ttlMs: 0,
        },
      ],
    },
    { type: 'volatileOutcomes', of: [['v-1', 'handled']] },
    { type: 'ping', at: 1 },
    { type: 'pong', at: 1 },
    { type: 'interest', all: true, types: ['Sink'] },
    { type: 'states', of: [[machineId('A_1'), { open: 'wide' }, ['tag'], 'active']] },
    { type: 'watch', watch: 1, machine: machineId('Sink_1'), emitted: true },
    { type: 'unwatch', watch: 1 },
    {
      type: 'snapshot',
      watch: 1,
      live: {
        status: 'active',
        active: ['a'],
        state: 'a',
        context: '{}',
        contextIsCut: false,
        step: 1,
        definition: 1,
        tags: [],
        failures: [{ at: 1, reason: 'it broke' }],
        value: 'a',
        last: { event: 'E', transitions: ['t'] },
      },
    },
    { type: 'emitted', watch: 1, event: '{"type":"TONE"}' },
    { type: 'unseen', watch: 1, code: 'MACHINE_UNKNOWN' },
    { type: 'describe', question: 1, machine: machineId('Sink_1') },
    {
      type: 'description',
      question: 1,
      hash: 'h',
      chart: {
        id: 'm',
        root: { id: 'm', key: 'm', type: 'atomic', children: [], entry: [], exit: [], invoke: [], tags: [] },
        transitions: [{ id: 't', source: 'm', label: 'E', event: 'E', actions: [] }],
      },
    },
    { type: 'monitor', monitor: 1, machine: machineId('Sink_1') },
    { type: 'demonitor', monitor: 1 },
    { type: 'down', monitor: 1, reason: 'stopped' },
    { type: 'pairOffer', commitment: 'ab'.repeat(32) },
    { type: 'pairNonce', nonce: 'ab'.repeat(32) },
    { type: 'pairAgree' },
    { type: 'pairShare', share: `04${'ab'.repeat(64)}` },
    { type: 'pairProof', proof: 'ab'.repeat(32) },
    { type: 'pairKey', key: `${'b'.repeat(25)}a` },
    { type: 'pairDone' },
    // The last character of a key has one bit alone: a good one would lead the whole network away, as a member may.
    { type: 'key', key: 'b'.repeat(26), without: [] },
  ] satisfies readonly Frame[]
).map(encode);

export const helloOf = (id: NodeId, otherwise: Partial<Hello> = {}): Hello => ({
  type: 'hello',
  version: 1,
  id,
  name: 'fuzz',
  incarnation: 7,
  namespace: 'test',
  proofs: [],
  port: 1,
  ...otherwise,
});

/** Pieces that programs stumble over. */
const PIECES = [
  '1e999',
  '-0',
  '-1',
  '0',
  '9007199254740991',
  '9007199254740993',
  '1e308',
  '""',
  'null',
  'true',
  '[]',
  '{}',
  '[[[[',
  '}',
  ',',
  ':',
  '"',
  '\\',
  '\n',
  '\n\n',
  '\u0000',
  '\u202e',
  '\ud800',
  '"\\ud800"',
  '"__proto__":{},',
  '"constructor":{},',
  '"type":"hello",',
  '"pair":"code",',
  '"x":1,',
  'xstate.stop',
  '*',
  '$node',
  '{"type":"xstate.stop"}',
  EPOCH,
  '0000000000000000',
  `${'['.repeat(200)}`,
  'x'.repeat(5_000),
];

/** A text that is almost another one. */
export const changed = (text: string): fc.Arbitrary<string> =>
  fc.array(edit, { minLength: 0, maxLength: 3 }).map((edits) => edits.reduce((before, each) => each(before), text));

type Edit = (text: string) => string;
const cut = (text: string, at: number, length: number, insert: string): string => {
  const place = at % (text.length + 1);
  return text.slice(0, place) + insert + text.slice(place + length);
};
/** The values and names of a JSON text, in their order. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null|\[\]|\{\}/g;
const NUMBER = /-?\d+(?:\.\d+)?/g;
const NUMBERS = [
  '0',
  '1',
  '2',
  '5',
  '5000',
  '4294967296',
  '9007199254740991',
  '9007199254740993',
  '-0',
  '-1',
  '1e999',
  '0.5',
];
const replaceToken = (text: string, at: number, piece: string, kind = TOKEN): string => {
  const tokens = [...text.matchAll(kind)];
  const token = tokens[at % Math.max(1, tokens.length)];
  return token ? cut(text, token.index, token[0].length, piece) : text;
};

const piece = fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 4 }));
const edit: fc.Arbitrary<Edit> = fc.oneof(
  // A value or a name becomes another: mostly still JSON.
  {
    weight: 5,
    arbitrary: fc.tuple(fc.nat(), piece).map(
      ([at, to]) =>
        (text: string) =>
          replaceToken(text, at, to),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(), fc.constantFrom(...NUMBERS)).map(
      ([at, to]) =>
        (text: string) =>
          replaceToken(text, at, to, NUMBER),
    ),
  },
  // A piece comes in, or goes.
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(), fc.nat(6), piece).map(
      ([at, length, to]) =>
        (text: string) =>
          cut(text, at, length, to),
    ),
  },
  // A stretch is there twice.
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(), fc.nat(80)).map(
      ([at, length]) =>
        (text: string) =>
          cut(text, at, 0, text.slice(at % (text.length + 1)).slice(0, length)),
    ),
  },
  // The end is missing.
  { weight: 1, arbitrary: fc.nat().map((at) => (text: string) => text.slice(0, at % (text.length + 1))) },
);

/** What a member says that keeps to nothing. */
export const content: fc.Arbitrary<string> = fc.constantFrom(...CONTENT).chain(changed);

/** Bytes that are almost others. */
export const changedBytes = (bytes: Uint8Array): fc.Arbitrary<Buffer> =>
  fc.array(fc.tuple(fc.nat(), fc.nat(8), fc.uint8Array({ maxLength: 8 })), { maxLength: 4 }).map((edits) =>
    edits.reduce((before, [at, length, insert]) => {
      const place = at % (before.length + 1);
      return Buffer.concat([before.subarray(0, place), insert, before.subarray(place + length)]);
    }, Buffer.from(bytes)),
  );
