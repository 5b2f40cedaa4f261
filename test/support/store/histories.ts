import fc from 'fast-check';
import type { MessageQuery, RowsStatus, StoredChange, Stream } from '../../../main/core/ports.ts';
import { addressOf, machineId, NODE_MACHINE_ID } from '../../../shared/ids.ts';
import { CELLAR, EPOCH, KITCHEN, LATER_EPOCH, pageOf, SELF } from './rows.ts';

// Few of everything, so that changes meet each other; odd ones among them, so that nothing is mangled on its way.
const nodes = fc.constantFrom(SELF, KITCHEN, CELLAR);
const machines = fc.constantFrom(NODE_MACHINE_ID, ...['ping', 'pong', 'größe-機', 'back\\slash'].map(machineId));
const text = fc.string({ unit: 'binary', maxLength: 8 });
const time = fc.nat(1_000_000);
const epochs = fc.constantFrom(EPOCH, LATER_EPOCH);
const eventType = fc.constantFrom('PING', 'PONG', '', '\0', '💡');
const sequence = fc.integer({ min: 1, max: 8 });

const streams: fc.Arbitrary<Stream> = fc.oneof(
  fc.record({
    direction: fc.constantFrom('in' as const, 'out' as const),
    peer: fc.constantFrom(KITCHEN, CELLAR),
    epoch: epochs,
  }),
  fc.record({ direction: fc.constant('local' as const), peer: fc.constant(SELF), epoch: epochs }),
);

const outcome = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ status: 'handled' }) },
  { weight: 1, arbitrary: fc.record({ status: fc.constantFrom('accepted', 'delivered', 'ignored', 'lost') }) },
  {
    weight: 2,
    arbitrary: fc.record({
      status: fc.constantFrom('refused', 'dead', 'expired'),
      code: fc.constantFrom('MACHINE_UNKNOWN', 'MACHINE_BUSY', 'ENVELOPE_EXPIRED'),
    }),
  },
) as fc.Arbitrary<Pick<RowsStatus, 'status' | 'code'>>;

const row = fc.record(
  {
    from: machines,
    to: machines,
    event: fc.tuple(eventType, fc.jsonValue()).map(([type, value]) => ({ type, value })),
    correlationId: text,
    causationId: text,
    id: fc.constantFrom('1', '2', "4'; DROP TABLE pages; --"),
  },
  { requiredKeys: ['from', 'to', 'event'], noNullPrototype: true },
);

const page = fc
  .tuple(
    streams,
    sequence,
    fc.array(row, { minLength: 1, maxLength: 4 }),
    fc.record({ clockOffset: time, loggedAt: time }),
    fc.nat(9),
  )
  .map(([stream, first, rows, columns, chance]): StoredChange => {
    // A stream is volatile as a whole.
    const isVolatile = chance === 0;
    const epoch = isVolatile ? `${stream.epoch.slice(1)}f` : stream.epoch;
    return {
      type: 'page',
      page: pageOf({ ...stream, epoch }, first, rows, { ...columns, ...(isVolatile && { volatile: true }) }),
    };
  });

const positions = fc.record({ peer: fc.constantFrom(KITCHEN, CELLAR), epoch: epochs, sequence });

const change: fc.Arbitrary<StoredChange> = fc.oneof(
  { weight: 6, arbitrary: page },
  {
    weight: 6,
    arbitrary: fc.tuple(streams, sequence, fc.nat(4), outcome).map(([stream, first, more, became]) => ({
      type: 'became' as const,
      ...stream,
      first,
      last: first + more,
      ...became,
    })),
  },
  { weight: 2, arbitrary: positions.map((at) => ({ type: 'acknowledged' as const, ...at })) },
  { weight: 2, arbitrary: positions.map((at) => ({ type: 'mark' as const, ...at })) },
  positions.map((at) => ({ type: 'refusalsKnown' as const, ...at })),
  fc
    .record({ incarnation: fc.maxSafeNat(), node: fc.constant(SELF) })
    .map((start) => ({ type: 'incarnation' as const, ...start })),
  fc.record({ time, wallTime: time }).map((clock) => ({ type: 'clock' as const, ...clock })),
  fc
    .record(
      {
        id: text,
        direction: fc.constantFrom('in' as const, 'out' as const, 'local' as const),
        from: fc.tuple(nodes, machines).map(([node, machine]) => addressOf(node, machine)),
        to: fc.tuple(nodes, machines).map(([node, machine]) => addressOf(node, machine)),
        sentAt: time,
        diedAt: time,
        eventJson: fc.jsonValue().map((value) => JSON.stringify({ type: 'PING', value })),
        reason: fc.constantFrom('MACHINE_UNKNOWN' as const, 'ENVELOPE_EXPIRED' as const),
        correlationId: text,
        causationId: text,
      },
      {
        requiredKeys: ['id', 'direction', 'from', 'to', 'sentAt', 'diedAt', 'eventJson', 'reason'],
        noNullPrototype: true,
      },
    )
    .map((letter) => ({ type: 'deadLetter' as const, letter })),
  fc.nat(4).map((place) => ({ type: 'deadLetterRemove' as const, place })),
  fc
    .record({
      id: nodes,
      name: text,
      incarnation: fc.double({ noNaN: true, min: 0 }),
      lastSeenAt: fc.double({ noNaN: true }),
      endpoints: fc.array(fc.record({ host: text, port: fc.nat(65_535) }, { noNullPrototype: true }), { maxLength: 2 }),
    })
    .map((known) => ({ type: 'node' as const, row: known })),
  fc
    .record({
      node: nodes,
      id: machines,
      type: text,
      version: text,
      metadata: fc.dictionary(fc.constantFrom('zone', 'k8s.pod', ''), text, { noNullPrototype: true }),
    })
    .map((machine) => ({ type: 'machine' as const, row: machine })),
  fc.record({ node: nodes, id: machines }).map((which) => ({ type: 'machineRemove' as const, ...which })),
  nodes.map((node) => ({ type: 'nodeRemove' as const, node })),
  fc.array(text, { maxLength: 2 }).map((secrets) => ({
    type: 'trust' as const,
    state: { keys: secrets.map((secret) => ({ secret })), left: [], without: [KITCHEN], trusted: [], blocked: [] },
  })),
  fc.record({ machine: machines, snapshot: text }).map((row) => ({ type: 'snapshot' as const, ...row })),
);

/** What happens to a store, one after the other. */
export type Step = { readonly commit: readonly StoredChange[] } | { readonly restart: true };

/** The store knows whose it is before anything else. */
const START: Step = { commit: [{ type: 'incarnation', incarnation: 1, node: SELF }] };

export const histories: fc.Arbitrary<readonly Step[]> = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.record({ commit: fc.array(change, { maxLength: 8 }) }) },
      { weight: 1, arbitrary: fc.constant({ restart: true as const }) },
    ),
    { minLength: 1, maxLength: 15 },
  )
  .map((steps) => [START, ...steps]);

export const queries: fc.Arbitrary<MessageQuery> = fc.record(
  {
    limit: fc.nat(30),
    machine: machines,
    node: nodes,
    eventType,
    direction: fc.constantFrom('in' as const, 'out' as const, 'local' as const),
    before: fc.nat(12),
    after: fc.nat(12),
    text: fc.constantFrom('PING', 'ping', '"VALUE"', 'a', 'É', '1', ''),
  },
  { requiredKeys: [] },
);
