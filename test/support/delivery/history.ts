import type { Run } from '../../../main/core/outgoing-stream.ts';
import type { Parcel } from '../../../main/core/parcel.ts';
import type { PersistedStep } from '../../../main/core/persisted-step.ts';
import type { StoredChange } from '../../../main/core/ports.ts';
import type { Ack, Frame } from '../../../main/core/wire.ts';
import { addressOf, type MachineId, machineId, type NodeId } from '../../../shared/ids.ts';
import { idOf } from '../world.ts';
import { type Body, bodyOf, type Disk, type Row, retain, stateOf, stepsIn } from './disk.ts';
import { LIMITS, TICK_MS } from './limits.ts';
import { PERSISTED, SimulatedNode, UNKNOWN, UNPERSISTED } from './node.ts';

export const NODES = [idOf('a'), idOf('b'), idOf('c')] as const;

/** One step of a history: what happens, and a number that says to whom and how. */
export type Step = readonly [what: string, how: number];

/** One line between two nodes. What its ends learn of it travels in it too, so that each learns in its own time. */
export class Connection {
  readonly ends: readonly [NodeId, NodeId];
  readonly lives: ReadonlyMap<NodeId, number>;
  readonly #queues: ReadonlyMap<NodeId, ('up' | 'down' | Frame)[]>;
  /** Sent and not acknowledged, by sender. */
  readonly inFlight = new Map<NodeId, Set<string>>();
  isCut = false;

  constructor(ends: readonly [SimulatedNode, SimulatedNode]) {
    this.ends = [ends[0].id, ends[1].id];
    this.lives = new Map(ends.map(({ id, life }) => [id, life]));
    this.#queues = new Map(ends.map(({ id }) => [id, ['up']]));
  }

  other(end: NodeId): NodeId {
    return this.ends[0] === end ? this.ends[1] : this.ends[0];
  }

  queue(end: NodeId) {
    return this.#queues.get(end) ?? [];
  }

  send(from: NodeId, frame: Frame): void {
    if (!this.isCut) this.queue(this.other(from)).push(frame);
  }

  /** One end has decided to be done: what is on its way to it is for nobody. */
  close(end: NodeId): void {
    this.cut();
    const queue = this.queue(end);
    queue.splice(0, queue.length, ...queue.filter((item) => item === 'down'));
  }

  cut(losesAll = false): void {
    if (this.isCut) return;
    this.isCut = true;
    for (const queue of this.#queues.values()) {
      if (losesAll) queue.length = 0;
      queue.push('down');
    }
  }
}

interface Sent {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly machine: MachineId;
  readonly order: number;
  readonly at: number;
  readonly cause: string | undefined;
  isAccepted: boolean;
  /** Its time line ended with a restore from a backup. */
  isExcused: boolean;
}

function acknowledge(inFlight: Set<string> | undefined, { epoch, mark }: Ack): void {
  for (const key of inFlight ?? []) {
    const [of, sequence] = key.split(' ');
    if (of === epoch && Number(sequence) <= mark) inFlight?.delete(key);
  }
}

/** A cause names the node, its machine, the step, and which of its sends. */
const stepOf = (cause: string): number => Number(cause.split(' ')[2]);

const logOf = ({ archive, rows }: Disk): readonly Row[] => [...archive, ...rows].sort((a, b) => a.place - b.place);

const PAIRS = [
  [0, 1],
  [0, 2],
  [1, 2],
] as const;
const MACHINES = [PERSISTED, UNPERSISTED] as const;

/** Three nodes, and everything that may happen to them, in the order that was told. Then quiet, and what must hold. */
export class History {
  readonly nodes: ReadonlyMap<NodeId, SimulatedNode>;
  readonly #found = new Set<string>();
  readonly #sent = new Map<number, Sent>();
  /** By sending node and envelope id. */
  readonly #byId = new Map<string, number>();
  readonly #names = new Map<string, number>();
  readonly processed = new Set<string>();
  /** How many envelopes each step of a persisted machine sent. */
  readonly #steps = new Map<number, number>();
  now = 1_000_000_000;
  starts = 1;
  #connections: Connection[] = [];
  #epochs = new Map<NodeId, number>();
  #n = 0;
  readonly #hasMonitors: boolean;

  constructor(hasMonitors = true) {
    this.#hasMonitors = hasMonitors;
    this.nodes = new Map(NODES.map((id) => [id, new SimulatedNode(id, this)]));
    for (const node of this.nodes.values()) node.start(node.synced);
  }

  /** Returns what was violated. */
  run(steps: readonly Step[], chance: number): readonly string[] {
    for (const step of steps) this.#step(step);
    this.#quieten(chance);
    this.#check();
    return [...this.#found];
  }

  // ---- What nodes tell

  say(what: string): void {
    this.#found.add(what);
  }

  /** Different nodes use the same epochs: only together with the node does one name a stream. */
  newEpoch(node: NodeId): string {
    const epoch = (this.#epochs.get(node) ?? 0) + 1;
    this.#epochs.set(node, epoch);
    return epoch.toString(16).padStart(16, '0');
  }

  after(node: NodeId): NodeId {
    return NODES[(NODES.indexOf(node) + 1) % 3] ?? node;
  }

  /** Names one envelope, or one step that took none. */
  nextNumber(): number {
    return ++this.#n;
  }

  make(from: NodeId, to: NodeId, machine: MachineId, hops: number, cause: string | undefined): Parcel {
    const n = this.nextNumber();
    this.#sent.set(n, { from, to, machine, order: n, at: this.now, cause, isAccepted: false, isExcused: false });
    const body: Body = { type: 'E', n, hops };
    return {
      id: 'x',
      from: addressOf(from, machineId('sender')),
      to: addressOf(to, machine),
      sentAt: 0,
      eventType: 'E',
      eventJson: JSON.stringify(body),
    };
  }

  named(node: NodeId, id: string, parcel: Parcel): void {
    this.#byId.set(`${node} ${id}`, bodyOf(parcel.eventJson).n);
  }

  refused(node: NodeId, id: string): void {
    this.#byId.delete(`${node} ${id}`);
  }

  accepted(node: NodeId, { epoch, first, last }: Run): void {
    for (let sequence = first; sequence <= last; sequence++) {
      const sent = this.#sent.get(this.#byId.get(`${node} ${epoch}-${sequence}`) ?? 0);
      if (sent) sent.isAccepted = true;
    }
  }

  stepped(n: number, sends: number): void {
    this.#steps.set(n, sends);
  }

  kept({ synced }: SimulatedNode, { machine, snapshot }: PersistedStep): void {
    if (!this.#hasMonitors) return;
    const n = stepsIn(snapshot).at(-1) ?? 0;
    if (!stepsIn(synced.snapshots[machine]).includes(n)) this.say('I11 kept, and not on disk');
  }

  rolledBack({ written }: SimulatedNode, machine: MachineId, snapshot: string | undefined): void {
    if (this.#hasMonitors && snapshot !== written.snapshots[machine]) this.say('I11 not back to what is on disk');
  }

  commits(changes: readonly StoredChange[]): void {
    const machines = changes.flatMap((change) => (change.type === 'snapshot' ? [change.machine] : []));
    if (this.#hasMonitors && new Set(machines).size !== machines.length)
      this.say('two snapshots of one machine in a commit');
  }

  /** What a persisted machine sent goes nowhere before its step is on disk. */
  leaves(node: SimulatedNode, { snapshots }: Disk, { n }: Body): void {
    const { from, cause } = this.#sent.get(n) ?? {};
    if (!this.#hasMonitors || !cause || from !== node.id || node.isRestored) return;
    if (!stepsIn(snapshots[PERSISTED]).includes(stepOf(cause))) this.say('I11 sent before its step was on disk');
  }

  gap(node: SimulatedNode, message: string): void {
    const isKnown = [...this.nodes.values()].some(
      (each) => each.isRestored && (each === node || message.includes(each.id)),
    );
    if (!isKnown) this.say(`GAP ${message}`);
  }

  /** What may not even leave. */
  watch(node: SimulatedNode, connection: Connection, frame: Frame): void {
    const peer = connection.other(node.id);
    if (frame.type === 'messages') {
      const lines = frame.text.split('\n');
      for (let n = 0; 2 * n < lines.length; n++) {
        const body = bodyOf(lines[2 * n + 1] ?? '');
        this.#name(node, frame.epoch, frame.first + n, body.n);
        this.leaves(node, node.synced, body);
      }
    }
    if (!this.#hasMonitors) return;
    const { synced } = node;
    if (frame.type === 'ack') {
      if (frame.mark > (synced.marks[`${peer} ${frame.epoch}`] ?? 0))
        this.say('I5 acknowledged what a power cut loses');
      if (frame.credit > frame.mark + LIMITS.windowRows) this.say('I7 credit');
    }
    if (frame.type === 'messages' || frame.type === 'skip') {
      const isStored = synced.rows.some(
        (row) => row.direction === 'out' && row.epoch === frame.epoch && row.sequence === frame.first,
      );
      if (!isStored) this.say('I9 left before its commit');
    }
    if (frame.type === 'messages') {
      const inFlight = connection.inFlight.get(node.id) ?? new Set();
      connection.inFlight.set(node.id, inFlight);
      for (let n = 0; 2 * n < frame.text.split('\n').length; n++) inFlight.add(`${frame.epoch} ${frame.first + n}`);
      if (inFlight.size > LIMITS.windowRows) this.say('I7 window');
    }
    if (frame.type === 'resume' && Object.keys(frame.live).length > LIMITS.resumeEpochs)
      this.say('I7 page of a resume');
  }

  #name(node: SimulatedNode, epoch: string, sequence: number, n: number): void {
    const key = `${node.id} ${epoch} ${sequence}`;
    if ((this.#names.get(key) ?? n) !== n) this.say('I6 one name for two envelopes');
    this.#names.set(key, n);
  }

  // ---- What happens

  #step([what, how]: Step): void {
    const node = this.#node(NODES[how % 3] ?? NODES[0]);
    const other = this.#node(NODES[(how + 1 + ((how >> 2) & 1)) % 3] ?? NODES[0]);
    const machine = MACHINES[(how >> 3) & 1] ?? PERSISTED;
    const between = this.#connections.filter(({ ends }) => ends.includes(node.id) && ends.includes(other.id));
    const last = between.at(-1);
    switch (what) {
      case 'send': {
        const to =
          (how >> 3) % 8 === 0
            ? UNKNOWN
            : ([PERSISTED, PERSISTED, UNPERSISTED, UNPERSISTED][(how >> 3) & 3] ?? PERSISTED);
        node.send(other.id, to, (how >> 5) & 1);
        break;
      }
      case 'stray':
        node.send(other.id, UNKNOWN, 0);
        break;
      case 'local':
        node.send(node.id, (how >> 4) % 8 === 0 ? UNKNOWN : machine, (how >> 5) & 1);
        break;
      case 'act':
        node.act(other.id);
        break;
      case 'step':
        for (let n = 0; n <= how >> 4; n++) this.#deliver(last, n & 1 ? node.id : other.id);
        break;
      case 'stale':
        this.#deliver(between[(how >> 3) % between.length], node.id);
        break;
      case 'dial':
        this.#dial(node, other);
        break;
      case 'link':
        for (const each of [node, other]) each.settle();
        this.#dial(node, other);
        for (const each of [node, other, node, other, node, other]) this.#deliver(this.#connections.at(-1), each.id);
        break;
      case 'settle':
        for (let n = 0; n < 9; n++) {
          for (const each of [node, other]) {
            while (this.#deliver(last, each.id));
            each.settle();
            each.run(machine);
          }
        }
        break;
      case 'cut':
        last?.cut((how & 8) > 0);
        break;
      case 'flush':
        node.settle();
        break;
      case 'turn':
        node.flush();
        break;
      case 'write':
        node.write();
        break;
      case 'sync':
        node.sync();
        break;
      case 'full':
        node.runFull();
        break;
      case 'tight':
        node.isTight = !node.isTight;
        break;
      case 'kill':
        this.#restart(node, () => node.start(node.written));
        break;
      case 'power':
        this.#restart(node, () => node.start(node.synced));
        break;
      case 'backup':
        node.backup = node.synced;
        break;
      case 'restore':
        this.#restore(node, (how & 32) > 0);
        break;
      case 'run':
        node.run(machine);
        break;
      case 'tick':
        this.#tick();
        break;
      case 'jump':
        node.jump(how & 8 ? 8 * 3_600_000 : -8 * 3_600_000);
        // A jump that a crash hides is one that nobody can know of.
        node.settle();
        break;
      case 'forget':
        if (last && !last.isCut) break;
        node.hasForgotten = true;
        node.input({ type: 'forget', peer: other.id });
        break;
      case 'register':
        node.register(machine);
        break;
      case 'stop':
        node.stop(machine);
        break;
      case 'unregister':
        node.unregister(machine);
        break;
      case 'retain':
        node.maintain(retain);
        break;
      default:
        throw new Error(`no such step: ${what}`);
    }
    // Mostly each thing has a turn of its own; else the next one shares it.
    if (how < 96) node.flush();
    if (how < 96) other.flush();
    this.#checkCaps(node);
  }

  #checkCaps(node: SimulatedNode): void {
    if (!this.#hasMonitors) return;
    for (const peer of NODES) if (node.delivery.waiting(peer) > LIMITS.outboxRows) this.say('I7 outbox');
    const waiting = new Map<MachineId, number>();
    for (const { status, direction, to } of node.synced.rows)
      if (status === 'delivered' && direction !== 'out') waiting.set(to, (waiting.get(to) ?? 0) + 1);
    for (const rows of waiting.values()) if (rows > LIMITS.waitingRows) this.say('I7 waiting for one machine');
  }

  #node(id: NodeId): SimulatedNode {
    return this.nodes.get(id) as SimulatedNode;
  }

  #tick(): void {
    this.now += TICK_MS;
    for (const node of this.nodes.values()) node.tick();
  }

  #restart(node: SimulatedNode, start: () => void): void {
    for (const connection of this.#connections) {
      if (!connection.ends.includes(node.id)) continue;
      connection.cut();
      connection.queue(node.id).length = 0;
    }
    start();
  }

  #restore(node: SimulatedNode, isClockBehind: boolean): void {
    if (!node.backup) return;
    // What the lost time line had accepted or received is gone with it.
    for (const sent of this.#sent.values()) if (sent.from === node.id || sent.to === node.id) sent.isExcused = true;
    this.#restart(node, () => node.restore(isClockBehind));
  }

  #dial(node: SimulatedNode, other: SimulatedNode): void {
    this.#connections.push(new Connection(node.id < other.id ? [node, other] : [other, node]));
    if (this.#connections.length > 9) this.#connections.shift()?.cut();
  }

  #deliver(connection: Connection | undefined, to: NodeId): boolean {
    const node = this.#node(to);
    const item = connection?.lives.get(to) === node.life ? connection.queue(to).shift() : undefined;
    if (!connection || !item) return false;
    const peer = connection.other(to);
    if (item === 'up') node.up(connection, peer);
    else if (item === 'down') node.down(connection, peer);
    else {
      if (item.type === 'ack') acknowledge(connection.inFlight.get(to), item);
      node.frame(connection, peer, item);
    }
    node.flush();
    return true;
  }

  // ---- Quiet

  /** All up, every pair dialled from both sides at once and never again; old connections still deliver what they hold. */
  #quieten(seed: number): void {
    for (const connection of this.#connections) {
      connection.cut();
      if (!connection.ends.some((end) => connection.queue(end)[0] === 'up')) continue;
      for (const end of connection.ends) {
        const queue = connection.queue(end);
        if (queue[0] === 'up') queue.shift();
      }
    }
    this.#wake();
    for (const [a, b] of PAIRS) {
      this.#dial(this.#node(NODES[a]), this.#node(NODES[b]));
      this.#dial(this.#node(NODES[b]), this.#node(NODES[a]));
    }
    let state = seed || 1;
    const chance = (k: number) => {
      state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff;
      return state % k;
    };
    for (let round = 0, idle = 0; round < 4 || idle < 1; round++) {
      this.#drain(chance);
      const isDone = [...this.nodes.values()].every((node) => NODES.every((peer) => node.delivery.waiting(peer) === 0));
      idle = round > 12 || isDone ? idle + 1 : 0;
      if (round < 4) this.#tick();
      this.#redial();
    }
    for (const node of this.nodes.values()) node.settle();
  }

  /** A welcome that was under way when its node was put back from a backup may take over, and close the better connection. */
  #redial(): void {
    for (const [a, b] of PAIRS) {
      const [one, other] = [this.#node(NODES[a]), this.#node(NODES[b])];
      const hasConnection = this.#connections.some(
        ({ ends, isCut }) => !isCut && ends.includes(one.id) && ends.includes(other.id),
      );
      if (!hasConnection && (one.isRestored || other.isRestored)) this.#dial(one, other);
    }
  }

  #drain(chance: (k: number) => number): void {
    for (let still = 0; still < 3; ) {
      let hasMoved = false;
      const ends = this.#connections.flatMap((connection) =>
        connection.ends.map((end) => ({ connection, end, at: chance(1_000) })),
      );
      for (const { connection, end } of ends.sort((x, y) => x.at - y.at))
        for (let n = chance(3); n >= 0; n--) hasMoved = this.#deliver(connection, end) || hasMoved;
      for (const node of this.nodes.values()) {
        node.flush();
        if (node.isBusy) {
          hasMoved = true;
          node.settle();
        }
        for (const machine of MACHINES) while (node.run(machine)) hasMoved = true;
      }
      still = hasMoved ? 0 : still + 1;
    }
  }

  #wake(): void {
    for (const node of this.nodes.values()) {
      node.isTight = false;
      node.settle();
      node.tick();
      node.settle();
      for (const machine of MACHINES) if (node.isKnown(machine)) node.register(machine);
      node.settle();
    }
  }

  // ---- What must hold

  #check(): void {
    const logs = new Map([...this.nodes].map(([id, { synced }]) => [id, logOf(synced)]));
    for (const node of this.nodes.values()) this.#checkNode(node, logs);
  }

  #checkNode(node: SimulatedNode, logs: ReadonlyMap<NodeId, readonly Row[]>): void {
    const log = (logs.get(node.id) ?? []).filter((row) => row.direction !== 'out');
    if (stateOf(node.synced).outbox.length > 0) this.say('STUCK');
    const seen = new Set<number>();
    const last = new Map<NodeId, number>();
    for (const row of log) {
      const { n } = row.body;
      if (seen.has(n)) this.say('I2 twice');
      seen.add(n);
      this.#checkRow(node, row, last);
    }
    for (const [n, sent] of this.#sent) if (sent.from === node.id) this.#checkSent(node, n, sent, logs);
    this.#checkSteps(node, logs);
    for (const letter of node.synced.dead) {
      const sent = this.#sent.get(bodyOf(letter.eventJson).n);
      const isEarly = letter.reason === 'ENVELOPE_EXPIRED' && sent && this.now - sent.at < LIMITS.ttlMs;
      if (isEarly && !sent.isExcused) this.say('expired too early');
    }
  }

  #checkRow(node: SimulatedNode, row: Row, last: Map<NodeId, number>): void {
    const { to, body } = row;
    const sent = this.#sent.get(body.n);
    if (!sent || sent.to !== node.id || sent.machine !== to) return this.say('I4 never sent');
    const { isRestored, hasForgotten, hasFailed } = this.#node(row.peer);
    // What was forgotten is back, behind what was sent since; so is what a receiver had before it was restored, where its
    // sender's disk failed to note that and a crash then brought it back.
    const isOrderExcused = (isRestored && (node.isRestored || hasForgotten)) || (node.isRestored && hasFailed);
    if (sent.order < (last.get(row.peer) ?? 0) && !isOrderExcused) this.say('I3 order');
    last.set(row.peer, sent.order);
    if (row.status === 'delivered') this.say('I10 never handed over');
    const isBuried = node.synced.dead.some(
      (letter) => letter.direction !== 'out' && bodyOf(letter.eventJson).n === body.n,
    );
    const isHandled = row.status === 'handled';
    if (isHandled && !this.processed.has(`${node.id} ${to} ${body.n}`)) this.say('I10 marked, never processed');
    if ((row.status === 'dead' || row.status === 'expired') && !isBuried) this.say('I8 died in silence');
    if (isHandled && to === PERSISTED) {
      const handled = stepsIn(node.synced.snapshots[PERSISTED]);
      if (handled.filter((n) => n === body.n).length !== 1) this.say('I10 not once in the snapshot');
    }
    if (row.direction !== 'in' || sent.isExcused) return;
    const letters = this.#node(row.peer).synced.dead.filter(
      (letter) => letter.direction === 'out' && bodyOf(letter.eventJson).n === body.n,
    );
    // Somebody decided to know nothing more of it.
    if (letters.some((letter) => letter.reason === 'PEER_FORGOTTEN')) return;
    if (letters.length !== (row.status === 'refused' ? 1 : 0))
      this.say(letters.length > 0 ? 'I8 delivered and buried' : 'I8 a refusal was lost');
  }

  #checkSent(node: SimulatedNode, n: number, sent: Sent, logs: ReadonlyMap<NodeId, readonly Row[]>): void {
    if (!sent.isAccepted || sent.isExcused || this.#isSomewhere(node, n, sent, logs)) return;
    this.say('I1 lost');
  }

  #isSomewhere(node: SimulatedNode, n: number, { to }: Sent, logs: ReadonlyMap<NodeId, readonly Row[]>): boolean {
    const isLogged = (logs.get(to) ?? []).some((row) => row.direction !== 'out' && row.body.n === n);
    return isLogged || node.synced.dead.some((letter) => letter.direction !== 'in' && bodyOf(letter.eventJson).n === n);
  }

  /** I11: a step of a persisted machine, and all that it sent, or neither. */
  #checkSteps(node: SimulatedNode, logs: ReadonlyMap<NodeId, readonly Row[]>): void {
    if (node.isRestored) return;
    const isAnyRestored = [...this.nodes.values()].some((each) => each.isRestored);
    const steps = new Set(stepsIn(node.synced.snapshots[PERSISTED]));
    const effects = new Map<string, number>();
    for (const [n, sent] of this.#sent) {
      if (sent.from !== node.id || !sent.cause || !this.#isSomewhere(node, n, sent, logs)) continue;
      effects.set(sent.cause, (effects.get(sent.cause) ?? 0) + 1);
      if (!steps.has(stepOf(sent.cause))) this.say('I11 sends without their step');
    }
    if (isAnyRestored) return;
    for (const n of steps)
      for (let k = 0; k < (this.#steps.get(n) ?? 0); k++)
        if (effects.get(`${node.id} ${PERSISTED} ${n} ${k}`) !== 1) this.say('I11 a step without its sends');
  }
}
