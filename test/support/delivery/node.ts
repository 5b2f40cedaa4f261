import { Delivery, type DeliveryInput } from '../../../main/core/delivery.ts';
import { DeliveryTime } from '../../../main/core/delivery-time.ts';
import { Generations } from '../../../main/core/generations.ts';
import type { Arrival } from '../../../main/core/inbox.ts';
import type { Parcel } from '../../../main/core/parcel.ts';
import type { StoredChange, StoredEnvelope } from '../../../main/core/ports.ts';
import type { Processed, Verdict } from '../../../main/core/receiving.ts';
import type { Behind, Frame, Welcome } from '../../../main/core/wire.ts';
import { positionId } from '../../../shared/envelope-text.ts';
import { addressOf, type MachineId, machineId, type NodeId } from '../../../shared/ids.ts';
import { apply, type Body, bodyOf, type Disk, EMPTY_DISK, stateOf, stepsIn } from './disk.ts';
import type { Connection, History } from './history.ts';
import { LIMITS } from './limits.ts';

/** Machine `p` is persisted, `u` is not, and `z` is never known. */
export const PERSISTED = machineId('p');
export const UNPERSISTED = machineId('u');
export const UNKNOWN = machineId('z');

type Entry = { readonly changes: readonly StoredChange[]; readonly isStart: boolean };

interface Actor {
  /** Its steps: envelopes that it handled, by their `n`, and what it did by itself. All that its snapshot is. */
  steps: readonly number[];
  readonly queue: Arrival[];
}

/** A node and its disk. Commits are queued, then written, which a kill does not undo, then synced, which a power cut does not undo. */
export class SimulatedNode {
  readonly id: NodeId;
  readonly #history: History;
  written: Disk = EMPTY_DISK;
  synced: Disk = EMPTY_DISK;
  backup: Disk | undefined;
  isRestored = false;
  hasForgotten = false;
  hasFailed = false;
  /** Its disk has little room left. */
  isTight = false;
  #queue: Entry[] = [];
  #unsynced: Entry[] = [];
  #wallOffset = 0;
  #time: DeliveryTime;
  #generations = new Generations(0);
  #isReady = false;
  /** Counts starts: what was on its way to an earlier one is lost. */
  life = 0;
  delivery: Delivery;
  readonly #known = new Set<MachineId>();
  readonly actors = new Map<MachineId, Actor>();
  /** What persisted machines go on from, where the delivery has nothing newer under way. */
  readonly #kept = new Map<MachineId, string>();
  readonly #current = new Map<NodeId, Connection>();
  /** What `u` was handed in this life. */
  #seen = new Set<string>();

  constructor(id: NodeId, history: History) {
    this.id = id;
    this.#history = history;
    // No two nodes count their time from the same start.
    const clock = { time: 1 + 1_000_000_000 * id.charCodeAt(0), wallTime: history.now };
    this.synced = { ...EMPTY_DISK, clock };
    this.#time = new DeliveryTime(this.#clock(), clock);
    this.delivery = this.#newDelivery(this.synced);
  }

  #clock() {
    const wallTime = () => this.#history.now + this.#wallOffset;
    return { now: () => this.#history.now, wallTime, setTimeout: () => undefined, clearTimeout: () => undefined };
  }

  // ---- Life

  /** Starts on what a crash left; the incarnation follows the wall clock, which may have gone back. */
  start(disk: Disk, isClockBehind = false): void {
    this.life++;
    this.written = disk;
    this.#queue = [];
    this.#unsynced = [];
    this.#current.clear();
    this.actors.clear();
    this.#seen = new Set();
    this.#known.clear();
    for (const machine of disk.machines) this.#known.add(machine);
    this.#kept.clear();
    for (const [machine, snapshot] of Object.entries(disk.snapshots)) this.#kept.set(machine as MachineId, snapshot);
    if (isClockBehind) this.#wallOffset = -this.#history.now;
    const wall = isClockBehind ? 0 : this.#history.starts++;
    const incarnation = Math.max(disk.incarnation + 1, wall);
    this.#time = new DeliveryTime(this.#clock(), disk.clock);
    this.#generations = new Generations(incarnation);
    this.delivery = this.#newDelivery(disk);
    // On disk before anybody may connect: a killed process may have left rows written but not synced.
    this.#isReady = false;
    this.#queue.push({
      isStart: true,
      changes: [
        { type: 'incarnation', incarnation, node: this.id },
        { type: 'clock', ...this.#time.row() },
      ],
    });
  }

  #newDelivery(disk: Disk): Delivery {
    return new Delivery({
      self: this.id,
      stored: stateOf(disk),
      admit: (peer, envelope) => this.#admit(peer, envelope),
      knows: (machine) => this.#known.has(machine),
      newEpoch: () => this.#history.newEpoch(this.id),
      now: () => this.#time.now(),
      wallTime: () => 0,
      limits: LIMITS,
    });
  }

  #admit(peer: NodeId, { eventJson, ...label }: StoredEnvelope): Verdict {
    const envelope = { ...label, from: addressOf(peer, label.from), to: addressOf(this.id, label.to) };
    if (this.#known.has(label.to))
      return { verdict: 'accept', envelope: { ...envelope, event: { ...bodyOf(eventJson) } } };
    return { verdict: 'refuse', code: 'MACHINE_UNKNOWN', parcel: { ...envelope, eventType: 'E', eventJson } };
  }

  input(input: DeliveryInput): void {
    for (const output of this.delivery.step(input)) {
      switch (output.type) {
        case 'commit':
          this.#history.commits(output.changes);
          this.#queue.push({ isStart: false, changes: output.changes });
          break;
        case 'frame': {
          const connection = this.#current.get(output.peer);
          if (connection) this.#send(connection, output.frame);
          break;
        }
        case 'close':
          if (input.type !== 'failed') this.#history.say(`an honest peer was cut off: ${output.reason}`);
          this.#close(this.#current.get(output.peer));
          break;
        case 'handOver':
          this.#history.leaves(this, this.written, output.arrival.envelope.event as unknown as Body);
          this.actors.get(output.arrival.machine)?.queue.push(output.arrival);
          if (!this.actors.has(output.arrival.machine)) this.#history.say('handed over to a machine that does not run');
          break;
        case 'outcome':
          if (output.status === (output.peer === this.id ? 'delivered' : 'accepted'))
            this.#history.accepted(this.id, output);
          break;
        case 'kept':
          this.#kept.set(output.step.machine, output.step.snapshot);
          this.#history.kept(this, output.step);
          break;
        case 'rollBack':
          this.#rollBack(output.machine);
          break;
        case 'problem':
          this.#history.gap(this, output.message);
          break;
        default:
          break;
      }
    }
  }

  flush(): void {
    this.input({ type: 'flush' });
  }

  tick(): void {
    if (this.#time.hasJumped) this.input({ type: 'change', change: { type: 'clock', ...this.#time.row() } });
    this.input({ type: 'tick' });
    this.flush();
  }

  /** Somebody sets the wall clock. */
  jump(milliseconds: number): void {
    this.#wallOffset += milliseconds;
    this.tick();
  }

  // ---- The disk

  get isBusy(): boolean {
    return this.#queue.length > 0 || this.#unsynced.length > 0;
  }

  write(): void {
    const entry = this.#queue.shift();
    if (!entry) return;
    this.written = apply(this.written, entry.changes);
    this.#unsynced.push(entry);
  }

  sync(): void {
    this.synced = this.written;
    const done = this.#unsynced;
    this.#unsynced = [];
    for (const { isStart } of done) {
      if (isStart) this.#isReady = true;
      else this.input({ type: 'committed', isTight: this.isTight });
    }
  }

  /** Everything reaches the disk. */
  settle(): void {
    this.flush();
    while (this.isBusy) {
      while (this.#queue.length > 0) this.write();
      this.sync();
      this.flush();
    }
  }

  /** Whatever is queued now finds no room. */
  runFull(): void {
    this.sync();
    this.hasFailed ||= this.#queue.length > 0;
    const failed = this.#queue;
    this.#queue = failed.filter(({ isStart }) => isStart);
    for (const { isStart } of failed)
      if (!isStart) this.input({ type: 'failed', code: 'STORE_FULL', reason: 'no room' });
  }

  /** The store changes what it has by itself. */
  maintain(work: (disk: Disk) => Disk): void {
    this.written = work(this.written);
  }

  restore(isClockBehind: boolean): void {
    if (!this.backup) return;
    this.isRestored = true;
    this.synced = this.backup;
    this.start(this.backup, isClockBehind);
  }

  // ---- Machines

  isKnown(machine: MachineId): boolean {
    return this.#known.has(machine);
  }

  register(machine: MachineId): void {
    if (this.actors.has(machine)) return;
    const row = { node: this.id, id: machine, type: 'T', version: '1.0.0', metadata: {} };
    if (!this.#known.has(machine)) this.input({ type: 'change', change: { type: 'machine', row } });
    this.#known.add(machine);
    this.#restart(machine);
  }

  #restart(machine: MachineId): void {
    const snapshot = this.delivery.stateUnderWay(machine) ?? this.#kept.get(machine);
    this.actors.set(machine, { steps: stepsIn(snapshot), queue: [] });
    this.input({ type: 'started', machine });
  }

  #rollBack(machine: MachineId): void {
    this.#history.rolledBack(this, machine, this.#kept.get(machine));
    if (this.actors.has(machine)) this.#restart(machine);
  }

  stop(machine: MachineId): void {
    if (!this.actors.delete(machine)) return;
    this.input({ type: 'ended', machine });
  }

  unregister(machine: MachineId): void {
    if (!this.#known.delete(machine)) return;
    this.stop(machine);
    this.input({ type: 'change', change: { type: 'machineRemove', node: this.id, id: machine } });
  }

  send(to: NodeId, machine: MachineId, hops: number): void {
    this.#send1(to, machine, hops, undefined);
  }

  /** Each envelope with hops left makes more: to its sender's node, to machines here, and to the next node. */
  run(machine: MachineId): boolean {
    const actor = this.actors.get(machine);
    const arrival = actor?.queue.shift();
    if (!actor || !arrival) return false;
    const { n, hops } = arrival.envelope.event as unknown as Body;
    const key = `${machine} ${n}`;
    if (machine === UNPERSISTED && this.#seen.has(key)) this.#history.say('I10 twice in one life');
    this.#seen.add(key);
    this.#history.processed.add(`${this.id} ${key}`);
    if (machine === UNPERSISTED) {
      this.input({ type: 'processed', arrival, status: 'handled' });
      if (hops > 0) {
        this.#send1(
          arrival.peer === this.id ? this.#history.after(this.id) : arrival.peer,
          UNPERSISTED,
          hops - 1,
          undefined,
        );
        this.#send1(this.#history.after(this.id), PERSISTED, hops - 1, undefined);
        this.#send1(this.id, PERSISTED, hops - 1, undefined);
      }
      return true;
    }
    const targets: [NodeId, MachineId][] =
      hops > 0
        ? [
            [arrival.peer, UNPERSISTED],
            [this.id, UNPERSISTED],
            [this.#history.after(this.id), PERSISTED],
          ]
        : [];
    this.#stepped(actor, n, targets, hops - 1, { arrival, status: 'handled' });
    return true;
  }

  /** A timer, or the program, makes `p` step: it sends to a peer, to itself, to what runs here, to nobody, and to that peer again. */
  act(peer: NodeId): void {
    const actor = this.actors.get(PERSISTED);
    const targets: [NodeId, MachineId][] = [
      [peer, PERSISTED],
      [this.id, PERSISTED],
      [this.id, UNPERSISTED],
      [this.id, UNKNOWN],
      [peer, UNPERSISTED],
    ];
    if (actor) this.#stepped(actor, this.#history.nextNumber(), targets, 0);
  }

  #stepped(
    actor: Actor,
    n: number,
    targets: readonly (readonly [NodeId, MachineId])[],
    hops: number,
    processed?: Processed,
  ): void {
    const machine = PERSISTED;
    actor.steps = [...actor.steps, n];
    const sends = targets.map(([node, to], k) =>
      this.#history.make(this.id, node, to, hops, `${this.id} ${machine} ${n} ${k}`),
    );
    this.#history.stepped(n, sends.length);
    const snapshot = JSON.stringify(actor.steps);
    this.input({ type: 'stepped', step: { machine, snapshot, sends, ...(processed && { processed }) } });
  }

  #send1(to: NodeId, machine: MachineId, hops: number, cause: string | undefined): void {
    const parcel: Parcel = this.#history.make(this.id, to, machine, hops, cause);
    const { epoch, sequence } = this.delivery.nextPlace(to);
    const id = positionId(epoch, sequence);
    this.#history.named(this.id, id, parcel);
    try {
      this.input({ type: 'send', parcel });
    } catch {
      // Refused before it was accepted: its caller knows, and the next one has this name.
      this.#history.refused(this.id, id);
    }
  }

  // ---- Connections

  up(connection: Connection, peer: NodeId): void {
    if (!this.#isReady) return this.#close(connection);
    if (this.id > peer) return;
    this.#adopt(connection, peer);
    this.#send(connection, { type: 'welcome', generation: this.#generations.next() });
  }

  down(connection: Connection, peer: NodeId): void {
    if (this.#current.get(peer) !== connection) return;
    this.#current.delete(peer);
    this.input({ type: 'disconnected', peer });
  }

  frame(connection: Connection, peer: NodeId, frame: Frame): void {
    if (frame.type === 'welcome') this.#welcomed(connection, peer, frame);
    else if (this.#current.get(peer) !== connection) return;
    else if (frame.type === 'behind') this.#isBehind(connection, peer, frame);
    else if (frame.type === 'resume' || frame.type === 'messages' || frame.type === 'skip')
      this.input({ type: 'frame', peer, frame });
    else if (frame.type === 'ack' || frame.type === 'outcome') this.input({ type: 'frame', peer, frame });
  }

  #welcomed(connection: Connection, peer: NodeId, { generation }: Welcome): void {
    const known = this.#generations.take(peer, generation);
    if (known) this.#send(connection, { type: 'behind', incarnation: known[0] });
    else this.#adopt(connection, peer);
  }

  #isBehind(connection: Connection, peer: NodeId, { incarnation }: Behind): void {
    this.#generations.raise(incarnation);
    this.input({
      type: 'change',
      change: { type: 'incarnation', incarnation: this.#generations.incarnation, node: this.id },
    });
    this.#adopt(connection, peer);
    this.#send(connection, { type: 'welcome', generation: this.#generations.next() });
  }

  #adopt(connection: Connection, peer: NodeId): void {
    const old = this.#current.get(peer);
    this.#current.set(peer, connection);
    if (old && old !== connection) this.#close(old);
    if (old) this.input({ type: 'disconnected', peer });
    this.input({ type: 'connected', peer });
  }

  #send(connection: Connection, frame: Frame): void {
    this.#history.watch(this, connection, frame);
    connection.send(this.id, frame);
  }

  #close(connection: Connection | undefined): void {
    connection?.close(this.id);
  }
}
