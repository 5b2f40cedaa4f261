import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Content } from '../../main/core/channel.ts';
import { Delivery, type DeliveryInput, type Parcel } from '../../main/core/delivery.ts';
import type { Change, NewLogRow, OutboxRow, StreamPosition } from '../../main/core/ports.ts';
import { addressOf, machineId, type NodeId } from '../../shared/ids.ts';
import { idOf } from '../support/world.ts';

const A = idOf('a');
const B = idOf('b');
const SINK = machineId('Sink');

/** What is on a disk; a commit makes a new one. */
interface Disk {
  readonly outbox: readonly OutboxRow[];
  readonly marks: ReadonlyMap<string, StreamPosition>;
  readonly log: readonly NewLogRow[];
}
const EMPTY: Disk = { outbox: [], marks: new Map(), log: [] };

function apply(disk: Disk, change: Change): Disk {
  switch (change.type) {
    case 'outboxAdd':
      return { ...disk, outbox: [...disk.outbox, change.row] };
    case 'outboxRemove':
      return {
        ...disk,
        outbox: disk.outbox.filter((row) => row.epoch !== change.epoch || row.sequence > change.sequence),
      };
    case 'mark':
      return { ...disk, marks: new Map(disk.marks).set(change.epoch, change) };
    case 'log':
      return { ...disk, log: [...disk.log, change.row] };
    default:
      return disk;
  }
}

/** Two nodes, their disks and the line between them; everything that takes time happens when told. */
class Pair {
  readonly nodes = { [A]: new SimulatedNode(A, B, this), [B]: new SimulatedNode(B, A, this) };
  /** Frames under way, by receiver. */
  line: Record<NodeId, Content[]> | undefined;
  epochs = 0;
  sent = 0;
  /** Sends that were promised. */
  readonly accepted = new Set<string>();

  connect(): void {
    this.cut();
    this.line = { [A]: [], [B]: [] };
    for (const node of [A, B]) this.nodes[node]?.input({ type: 'connected', peer: node === A ? B : A });
  }

  cut(): void {
    if (!this.line) return;
    this.line = undefined;
    for (const node of [A, B]) this.nodes[node]?.input({ type: 'disconnected', peer: node === A ? B : A });
  }

  node(id: NodeId): SimulatedNode {
    const node = this.nodes[id];
    if (!node) throw new Error('no such node');
    return node;
  }
}

class SimulatedNode {
  readonly #self: NodeId;
  readonly #peer: NodeId;
  readonly #pair: Pair;
  disk = EMPTY;
  #commits: (readonly Change[])[] = [];
  #delivery: Delivery | undefined;
  /** Ids that were handed to a machine since the last start. */
  handed: string[] = [];

  constructor(self: NodeId, peer: NodeId, pair: Pair) {
    this.#self = self;
    this.#peer = peer;
    this.#pair = pair;
  }

  /** Killed, and started again with what is on its disk. */
  restart(): void {
    this.#commits = [];
    this.handed = [];
    this.#delivery = new Delivery({
      stored: { outbox: this.disk.outbox, marks: [...this.disk.marks.values()] },
      admit: (peer, { id, from, to, sentAt, eventJson }) => ({
        verdict: 'accept',
        envelope: {
          id,
          from: addressOf(peer, from),
          to: addressOf(this.#self, to),
          sentAt,
          event: JSON.parse(eventJson),
        },
      }),
      newEpoch: () => (++this.#pair.epochs).toString(16).padStart(16, '0'),
      wallTime: () => 0,
    });
  }

  send(): void {
    const parcel: Parcel = {
      id: `${++this.#pair.sent}`,
      from: addressOf(this.#self, SINK),
      to: addressOf(this.#peer, SINK),
      sentAt: 0,
      eventType: 'E',
      eventJson: '{"type":"E"}',
    };
    this.input({ type: 'send', parcel });
  }

  receive(): void {
    const frame = this.#pair.line?.[this.#self]?.shift();
    if (frame) this.input({ type: 'frame', peer: this.#peer, frame });
  }

  /** The oldest commit reaches the disk. */
  commit(): void {
    const changes = this.#commits.shift();
    if (!changes) return;
    this.disk = changes.reduce(apply, this.disk);
    this.input({ type: 'committed' });
  }

  /** It does not, nor does anything behind it. */
  fail(): void {
    const failed = this.#commits;
    this.#commits = [];
    for (const _ of failed) this.input({ type: 'failed', code: 'STORE_FULL', reason: 'full' });
  }

  get isIdle(): boolean {
    return this.#commits.length === 0;
  }

  input(input: DeliveryInput): void {
    let wantsCut = false;
    for (const output of this.#delivery?.step(input) ?? []) {
      if (output.type === 'commit') this.#commits.push(output.changes);
      else if (output.type === 'frame') this.#pair.line?.[this.#peer]?.push(structuredClone(output.frame));
      else if (output.type === 'close') {
        if (input.type !== 'failed') throw new Error(`an honest peer was cut off: ${output.reason}`);
        wantsCut = true;
      } else if (output.type === 'handOver') this.handed.push(output.arrival.envelope.id);
      else if (output.type === 'outcome' && output.status === 'accepted') this.#pair.accepted.add(output.id);
    }
    if (wantsCut) this.#pair.cut();
  }
}

const step = fc.record({
  act: fc.oneof(
    { weight: 6, arbitrary: fc.constant('send' as const) },
    { weight: 8, arbitrary: fc.constant('receive' as const) },
    { weight: 8, arbitrary: fc.constant('commit' as const) },
    { weight: 8, arbitrary: fc.constant('flush' as const) },
    { weight: 1, arbitrary: fc.constant('fail' as const) },
    { weight: 2, arbitrary: fc.constant('connect' as const) },
    { weight: 1, arbitrary: fc.constant('cut' as const) },
    { weight: 1, arbitrary: fc.constant('restart' as const) },
  ),
  on: fc.constantFrom(A, B),
});

function run(steps: readonly { act: string; on: NodeId }[]): Pair {
  const pair = new Pair();
  pair.node(A).restart();
  pair.node(B).restart();
  for (const { act, on } of steps) {
    const node = pair.node(on);
    if (act === 'send') node.send();
    else if (act === 'receive') node.receive();
    else if (act === 'commit') node.commit();
    else if (act === 'flush') node.input({ type: 'flush' });
    else if (act === 'fail') node.fail();
    else if (act === 'connect') pair.connect();
    else if (act === 'cut') pair.cut();
    else {
      pair.cut();
      node.restart();
    }
  }
  pair.connect();
  for (let idle = 0; idle < 5; idle++) {
    for (const id of [A, B]) {
      const node = pair.node(id);
      node.input({ type: 'flush' });
      while (!node.isIdle || (pair.line?.[id]?.length ?? 0) > 0) {
        idle = 0;
        node.commit();
        node.receive();
        node.input({ type: 'flush' });
      }
    }
  }
  return pair;
}

test('whatever happens to lines, disks and processes: all that was promised arrives, once and in order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const pair = run(steps);
      for (const [from, to] of [
        [A, B],
        [B, A],
      ] as const) {
        const arrived = pair
          .node(to)
          .disk.log.filter(({ direction }) => direction === 'in')
          .map(({ id }) => Number(id));
        expect(arrived).toEqual([...new Set(arrived)].sort((a, b) => a - b));
        const promised = pair
          .node(from)
          .disk.log.filter(({ id, direction }) => direction === 'out' && pair.accepted.has(id));
        expect(arrived).toEqual(expect.arrayContaining(promised.map(({ id }) => Number(id))));
        expect(pair.node(from).disk.outbox).toEqual([]);
        const { handed } = pair.node(to);
        expect(handed).toEqual([...new Set(handed)]);
      }
    }),
    { numRuns: 5_000 },
  );
});

test('nothing is handed over or acknowledged before it is on disk', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const pair = new Pair();
      for (const id of [A, B]) pair.node(id).restart();
      pair.connect();
      for (const { act, on } of steps) {
        const node = pair.node(on);
        if (act === 'send') node.send();
        else if (act === 'commit') node.commit();
        else if (act === 'receive') node.receive();
        else node.input({ type: 'flush' });
        const logged = new Set(node.disk.log.map(({ id }) => id));
        for (const id of node.handed) expect(logged).toContain(id);
        for (const frame of pair.line?.[on === A ? B : A] ?? []) {
          if (frame.type === 'ack')
            expect(frame.mark).toBeLessThanOrEqual(node.disk.marks.get(frame.epoch)?.sequence ?? 0);
          if (frame.type === 'messages') for (const { id } of frame.envelopes) expect(logged).toContain(id);
        }
      }
    }),
    { numRuns: 500 },
  );
});
