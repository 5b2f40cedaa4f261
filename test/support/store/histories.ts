import fc from 'fast-check';
import type { Change, MessageQuery, NewLogRow } from '../../../main/core/ports.ts';
import { addressOf, machineId, NODE_MACHINE_ID } from '../../../shared/ids.ts';
import { CELLAR, EPOCH, KITCHEN, LATER_EPOCH, SELF } from './rows.ts';

// Few of everything, so that changes meet each other; odd ones among them, so that nothing is mangled on its way.
const nodes = fc.constantFrom(SELF, KITCHEN, CELLAR);
const machines = fc.constantFrom(NODE_MACHINE_ID, ...['ping', 'pong', 'größe-機'].map(machineId));
const ids = fc.constantFrom('1', '2', '3', "4'; DROP TABLE messages; --");
const text = fc.string({ unit: 'binary', maxLength: 8 });
const time = fc.double({ noNaN: true });
const direction = fc.constantFrom('in' as const, 'out' as const, 'local' as const);
const streams = fc.record({ peer: nodes, epoch: fc.constantFrom(EPOCH, LATER_EPOCH) });
const position = fc
  .tuple(streams, fc.oneof(fc.nat(6), fc.maxSafeNat()))
  .map(([stream, sequence]) => ({ ...stream, sequence }));
const outcome = fc.oneof(
  fc.record({ status: fc.constantFrom('accepted', 'delivered', 'handled', 'ignored', 'expired', 'lost') }),
  fc.record({
    status: fc.constantFrom('refused', 'dead'),
    code: fc.constantFrom('MACHINE_UNKNOWN', 'MACHINE_BUSY', 'OUTBOX_FULL'),
  }),
) as fc.Arbitrary<Pick<NewLogRow, 'status' | 'code'>>;

const related = fc.record({ correlationId: text, causationId: text }, { requiredKeys: [], noNullPrototype: true });
const eventType = fc.constantFrom('PING', 'PONG', '', '\0', '💡');
const eventJson = fc.jsonValue().map((value) => JSON.stringify({ type: 'PING', value }));

const row = fc
  .tuple(
    fc.record({ id: ids, sentAt: time, loggedAt: time, eventType, eventJson, direction }),
    fc.tuple(nodes, machines, nodes, machines),
    outcome,
    related,
    fc.option(position, { nil: undefined }),
  )
  .map(
    ([columns, [fromNode, from, toNode, to], became, others, at]): NewLogRow => ({
      ...columns,
      ...became,
      ...others,
      from: addressOf(fromNode, from),
      to: addressOf(toNode, to),
      ...(at === undefined || columns.direction === 'local' ? {} : { position: at }),
    }),
  );

const outboxRow = fc
  .tuple(position, ids, fc.record({ from: machines, to: machines, sentAt: time, eventJson }), related)
  .map(([at, id, envelope, others]) => ({ ...at, id, envelope: { id, ...envelope, ...others } }));

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: row.map((logged) => ({ type: 'log' as const, row: logged })) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.record({ direction, id: ids, peer: nodes }), outcome)
      .map(([which, became]) => ({ type: 'status' as const, ...which, ...became })),
  },
  { weight: 2, arbitrary: outboxRow.map((added) => ({ type: 'outboxAdd' as const, row: added })) },
  position.map((at) => ({ type: 'outboxRemove' as const, ...at })),
  { weight: 2, arbitrary: position.map((at) => ({ type: 'mark' as const, ...at })) },
  fc.maxSafeNat().map((incarnation) => ({ type: 'incarnation' as const, incarnation })),
  fc
    .record({
      id: nodes,
      name: text,
      incarnation: fc.double({ noNaN: true, min: 0 }),
      lastSeenAt: time,
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
  fc.array(text, { maxLength: 2 }).map((secrets) => ({
    type: 'trust' as const,
    state: { keys: secrets.map((secret) => ({ secret })), left: [], without: [KITCHEN], trusted: [], blocked: [] },
  })),
);

/** What happens to a store, one after the other. */
export type Step = { readonly commit: readonly Change[] } | { readonly restart: true };

export const histories: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ commit: fc.array(change, { maxLength: 8 }) }) },
    { weight: 1, arbitrary: fc.constant({ restart: true as const }) },
  ),
  { minLength: 1, maxLength: 15 },
);

export const queries: fc.Arbitrary<MessageQuery> = fc.record(
  {
    limit: fc.nat(30),
    machine: machines,
    node: nodes,
    eventType,
    direction,
    before: fc.nat(12),
    after: fc.nat(12),
    text: fc.constantFrom('PING', 'ping', '"VALUE"', 'a', 'É', '1', ''),
  },
  { requiredKeys: [] },
);
