import { Emitter } from '../../shared/emitter.ts';
import type { OutcomeStatus } from '../../shared/envelope.ts';
import { positionId } from '../../shared/envelope-text.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import type { MachineId, NodeId } from '../../shared/ids.ts';
import { DeadLetters } from './dead-letters.ts';
import { DELIVERY_LIMITS, type DeliveryLimits, LIMITS, type Limits, TIMINGS, type Timings } from './defaults.ts';
import { Delivery } from './delivery.ts';
import { DeliveryRunner } from './delivery-runner.ts';
import { DeliveryTime } from './delivery-time.ts';
import type { DeliveryOutput } from './delivery-turn.ts';
import type { HostStep } from './host.ts';
import { rowsOf } from './log-pages.ts';
import type { AnyTypes } from './machine-types.ts';
import { Machinery } from './machinery.ts';
import { InterMachineNode, type NodeEvents } from './node.ts';
import { NodeTrust } from './node-trust.ts';
import type { Run } from './outgoing-stream.ts';
import { type PeerInfo, Peers } from './peers.ts';
import type {
  Announcement,
  Clock,
  Discovery,
  Identity,
  MachineRow,
  NetworkKey,
  RowsStatus,
  Scheduler,
  Store,
  StoredChange,
  StoreState,
  Transport,
} from './ports.ts';
import { descriptionOf } from './registry-sync.ts';

/** Everything a node stands on. */
export interface NodeParts {
  readonly name: string;
  /** Digest of the namespace. */
  readonly namespace: string;
  readonly identity: Identity;
  /** The network to be in at the first start; a later choice of people counts more. Missing in an open network. */
  readonly networkKey?: NetworkKey;
  /** Lets anybody in. For demos and closed labs. */
  readonly open: boolean;
  /** Nodes of this user that are started from now on are to have this key where they would have had one of those. */
  readonly keyReplaced: (key: NetworkKey, replaced: readonly string[]) => Promise<void>;
  readonly discovery: Discovery;
  readonly transport: Transport;
  /** Open already. */
  readonly store: Store;
  /** What it held when it was opened. */
  readonly stored: StoreState;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** 1 to 64 characters of A–Z, a–z, 0–9, _ and -, never the same twice. */
  readonly newId: () => string;
  /** 16 hex digits, never the same twice. */
  readonly newEpoch: () => string;
  /** A short text that is the same for the same text alone. */
  readonly digest: (text: string) => string;
  /** Whether machine types are told to everybody on the link, before any trust. */
  readonly advertiseTypes: boolean;
  /** Where others can reach us, if not at the addresses and the port that we have. */
  readonly advertise?: { readonly hosts: readonly string[]; readonly port?: number };
  /** Whether peers are told about each other; they are unless told. */
  readonly exchangesPeers?: boolean;
  /** Instead of those of defaults.ts. */
  readonly timings?: Partial<Timings>;
  readonly limits?: Partial<Limits>;
  readonly deliveryLimits?: Partial<DeliveryLimits>;
  /** Where what goes wrong is written when nobody listens for it yet. */
  readonly report: (message: string) => void;
}

/** Wires one node. Read it as the picture of what flows where. Throws what the transport throws when it listens. */
export async function startNode<Types extends object = AnyTypes>(parts: NodeParts): Promise<InterMachineNode<Types>> {
  const { name, namespace, identity, discovery, transport, store, stored, clock, scheduler, random } = parts;
  const self = identity.node;
  const incarnation = Math.max(stored.incarnation + 1, Math.floor(clock.wallTime()));
  // Under another identity they are the same machines, with all that they have.
  const before = stored.node ?? self;
  const machines = stored.machines.map((row) => (row.node === before ? { ...row, node: self } : row));
  const ours = machines.filter((machine) => machine.node === self);
  const remembered = new Map(ours.map((machine) => [machine.id, machine]));
  /** What persisted machines go on from; `null` where the disk did not keep it. */
  const records = new Map(stored.snapshots.map(({ machine, snapshot }) => [machine, snapshot]));

  const events = new Emitter<NodeEvents>(parts.report);
  const problem = (message: string) => {
    if (!events.emit('problem', message)) parts.report(message);
  };
  const time = new DeliveryTime(clock, stored.clock);
  const machinery = new Machinery({
    self,
    clock,
    scheduler,
    newId: parts.newId,
    digest: parts.digest,
    lines: {
      send: (peer, frame) => peers.send(peer, frame),
      offer: (peer, frame) => peers.offer(peer, frame),
      connected: () => peers.connected(),
      isAlive: (peer) => peers.isAlive(peer),
      incarnationOf: (peer) => {
        const info = peers.get(peer);
        return info?.state === 'alive' || info?.state === 'suspect' ? info.incarnation : undefined;
      },
      roundTripMs: (peer) => peers.get(peer)?.roundTripMs,
    },
    knows: (id) => remembered.has(id),
    nextPlace: (node) => delivery.nextPlace(node),
    sendAway: (parcel, inPlaceOf) =>
      runner.step({ type: 'send', parcel, ...(inPlaceOf !== undefined && { inPlaceOf }) }),
    keep: (step) => runner.step({ type: 'stepped', step }),
    record: (row) => runner.step({ type: 'record', row }),
    change: (change) => runner.step({ type: 'change', change }),
    machineChanged: (change) => {
      events.emit('machine', change);
      if (!change.machine.local) return;
      const { id: machine, running } = change.machine;
      const isLost = change.type === 'lost';
      if (!isLost && running) runner.step({ type: 'started', machine });
      // One that came to its end by itself refuses what comes; what comes for one that was released waits.
      else if (!isLost || !remembered.has(machine)) runner.step({ type: 'ended', machine });
      announce();
    },
    logged: (machine, text) => {
      if (!events.emit('log', { machine, text })) parts.report(`${machine}: ${text}`);
    },
    problem,
  });
  const delivery = new Delivery({
    self,
    stored,
    admit: (peer, envelope) => machinery.admit(peer, envelope),
    knows: (id) => remembered.has(id),
    refusal: ({ from, event }, machine) => machinery.terms.refusal(from, machine, event.type),
    newEpoch: parts.newEpoch,
    now: () => time.now(),
    wallTime: () => clock.wallTime(),
    limits: { ...DELIVERY_LIMITS, ...parts.deliveryLimits },
  });
  const runner = new DeliveryRunner({
    ...{ delivery, store, scheduler, clock, time, act, stored: tellStored, problem },
    broken: (error) => {
      events.emit('broken', error);
      void node.stop();
    },
  });
  const trust = new NodeTrust({
    identity,
    name,
    open: parts.open,
    configured: parts.networkKey,
    stored: stored.trust,
    clock,
    store,
    peers: () => peers,
    keyReplaced: parts.keyReplaced,
    changed: () => events.emit('trust', undefined),
    problem,
  });
  const peers: Peers = new Peers({
    self: { name, incarnation, namespace },
    trust: trust.door,
    pairing: trust.pairing,
    transport,
    clock,
    random,
    timings: { ...TIMINGS, ...parts.timings },
    limits: { ...LIMITS, ...parts.limits },
    exchanges: parts.exchangesPeers ?? true,
    remembered: stored.nodes.filter(({ id }) => id !== self),
    seek: (missing) => discovery.seek(missing),
    owner: {
      changed: peerChanged,
      left: rememberPeer,
      connected: (peer) => {
        runner.step({ type: 'connected', peer });
        machinery.connected(peer);
        trust.connected(peer);
      },
      disconnected: (peer, hasLeft) => {
        runner.step({ type: 'disconnected', peer });
        machinery.disconnected(peer);
        if (hasLeft) machinery.monitoring.gone(peer, 'nodeLeft');
      },
      incarnationRaised: (raised) =>
        runner.step({ type: 'change', change: { type: 'incarnation', incarnation: raised, node: self } }),
      content: (peer, frame) => {
        if (frame.type === 'key') return trust.received(peer, frame);
        if (!machinery.received(peer, frame)) runner.step({ type: 'frame', peer, frame });
      },
      problem,
      knocked: () => events.emit('trust', undefined),
    },
  });

  // One envelope out: machine → machinery → router → delivery → (on disk) → peers → channel → transport
  // One envelope in: transport → channel → peers → delivery (router.admit) → (on disk) → host → machine

  function act(output: Exclude<DeliveryOutput, { type: 'commit' | 'compare' }>): void {
    switch (output.type) {
      case 'frame':
        return peers.send(output.peer, output.frame);
      case 'close':
        return peers.close(output.peer, output.code, output.reason);
      case 'outcome':
        return machinery.outcomes.settleRun(output, output.status, output.code);
      case 'rejected':
        return machinery.outcomes.rejectRun(output, output.error);
      case 'kept': {
        // It went in as what the host gave.
        const step = output.step as HostStep;
        records.set(step.machine, step.snapshot);
        return step.committed();
      }
      case 'rollBack':
        if (!machinery.host.rollBack(output.machine, records.get(output.machine) ?? undefined)) return;
        runner.step({ type: 'started', machine: output.machine });
        return comesBack(output.machine);
      case 'problem':
        return problem(output.message);
      case 'handOver': {
        const { arrival } = output;
        const handled = (status: OutcomeStatus, code?: ErrorCode) => {
          // What a machine did not get to before its node stopped is for the next start.
          if (!stopped || code !== 'MACHINE_STOPPED')
            runner.step(code ? { type: 'processed', arrival, status, code } : { type: 'processed', arrival, status });
        };
        return machinery.host.deliver(arrival.machine, arrival.envelope, handled, arrival);
      }
    }
  }

  /** A machine that had ended in a step which was lost was taken out. */
  function comesBack(id: MachineId): void {
    const row = remembered.get(id);
    if (row && !machinery.registry.description(self, id))
      machinery.sync.added({ ...descriptionOf(row), healthy: true, running: true });
  }

  /** What the machine did last comes before, or it would put its state there again. */
  async function withoutStateOf(machine: MachineId, changes: readonly StoredChange[]): Promise<void> {
    runner.step({ type: 'flush' });
    await store.commit([...changes, { type: 'snapshotRemove', machine }]);
    records.delete(machine);
  }

  // ---- What is told to those who listen

  function tellStored(changes: readonly StoredChange[]): void {
    for (const change of changes) {
      if (change.type === 'page' && events.has('message'))
        for (const row of rowsOf(self, change.page)) events.emit('message', row);
      else if (change.type === 'became' && events.has('outcome')) tellOutcomes(change);
    }
  }

  function tellOutcomes({ direction, peer, status, code, ids, ...run }: RowsStatus): void {
    for (const id of ids ?? idsOf(run)) events.emit('outcome', { direction, peer, id, status, ...(code && { code }) });
  }

  function rememberPeer({ id, name, incarnation }: PeerInfo): void {
    const row = { id, name, incarnation, lastSeenAt: clock.wallTime(), endpoints: peers.reachedAt(id) };
    runner.step({ type: 'change', change: { type: 'node', row } });
  }

  function peerChanged(peer: PeerInfo): void {
    if (peer.incarnation > 0) rememberPeer(peer);
    if (peer.state === 'offline') machinery.monitoring.gone(peer.id, 'nodeLost');
    events.emit('peer', peer);
    events.emit('trust', undefined);
  }

  /** Its dead letters, and that it is known no more, are one commit. */
  async function forgetPeer(peer: NodeId): Promise<number> {
    const letters = delivery.waiting(peer);
    if (peers.isAlive(peer))
      throw new InterMachineError('PEER_ALIVE', `Node ${peer} is connected: only one that is away can be forgotten`);
    if (!peers.get(peer) && letters === 0)
      throw new InterMachineError('NODE_UNKNOWN', `No node ${peer} is known, and nothing waits for it`);
    peers.forget(peer);
    machinery.sync.forgotten(peer);
    runner.step({ type: 'forget', peer });
    runner.step({ type: 'change', change: { type: 'nodeRemove', node: peer } });
    await runner.written();
    return letters;
  }

  // ---- Life

  let stopped = false;
  let revision = 0;
  let announced: Announcement | undefined;
  const announcement = (port: number): Announcement => {
    const ours = machinery.registry.machinesOf(self);
    const shown = ours.filter(({ id, running }) => running && machinery.terms.isExposed(id));
    const types = new Set(parts.advertiseTypes ? shown.map((machine) => machine.type) : []);
    return { node: self, name, incarnation, revision, port, namespace, types: [...types].sort() };
  };
  function announce(): void {
    if (!announced || stopped) return;
    const next = announcement(announced.port);
    if (next.types.join() === announced.types.join()) return;
    revision++;
    announced = { ...next, revision };
    discovery.announce(announced);
  }

  for (const { node, expose, ...machine } of machines) {
    // What is sent to one of ours waits until it is registered; of others it is not known yet what runs.
    const running = node !== self;
    if (expose) machinery.terms.set(machine.id, { expose });
    machinery.registry.add(node, { ...machine, healthy: running, running });
  }
  for (const sentence of stored.problems) problem(sentence);
  if (before !== self)
    problem(
      `What is stored here was of node ${before}: its ${ours.length} machines go on as those of ${self}, which peers of that one do not know yet. If that is not meant, put its identity.pem or this node's own database back`,
    );
  // On disk before any peer hears of this start: it also makes durable what a killed process had written and not synced.
  await store.commit([
    { type: 'incarnation', incarnation, node: self },
    { type: 'clock', ...time.row() },
    { type: 'trust', state: trust.door.state },
    ...(before === self ? [] : ours.flatMap((row) => movedFrom(before, row))),
  ]);
  const { port } = await transport.listen(
    peers.accept,
    (node) => trust.door.isBlocked(node),
    (node) => peers.isKnown(node) || trust.door.trusts(node),
  );
  announced = announcement(port);
  peers.start({ port: parts.advertise?.port ?? port, hosts: parts.advertise?.hosts ?? [] });
  await discovery.start(announced, peers);
  runner.start();

  const node: InterMachineNode<Types> = new InterMachineNode<Types>({
    self,
    name,
    port,
    incarnation,
    clock,
    random,
    events,
    problem,
    machinery,
    remembered,
    remember: (row, { withoutState } = { withoutState: false }) =>
      withoutState ? withoutStateOf(row.id, [{ type: 'machine', row }]) : store.commit([{ type: 'machine', row }]),
    forget: (id) =>
      withoutStateOf(id, [
        { type: 'machineRemove', node: self, id },
        { type: 'journalRemove', machine: id },
      ]),
    kept: { record: (id) => delivery.stateUnderWay(id) ?? records.get(id), now: () => time.now() },
    waiting: (peer) => delivery.waiting(peer),
    backlog: (peer) => delivery.backlog(peer),
    forgetPeer,
    deadLetters: new DeadLetters({
      store,
      resend: (letter) => machinery.resend(letter),
      isExpected: (peer) => peer === self || peers.get(peer) !== undefined,
    }),
    peers,
    trust,
    store,
    async stop() {
      events.emit('stopping', undefined);
      stopped = true;
      trust.stop();
      runner.stop();
      machinery.close();
      peers.stop();
      await Promise.all([discovery.stop(), transport.stop()]);
      machinery.stop();
      await runner.settled();
      machinery.outcomes.stop();
      await store.close();
    },
  });
  return node;
}

const movedFrom = (node: NodeId, row: MachineRow): readonly StoredChange[] => [
  { type: 'machineRemove', node, id: row.id },
  { type: 'machine', row },
];

/** Of consecutive envelopes of one stream. */
function* idsOf({ epoch, first, last }: Run): Iterable<string> {
  for (let sequence = first; sequence <= last; sequence++) yield positionId(epoch, sequence);
}
