import { Emitter } from '../../shared/emitter.ts';
import type { Envelope, OutcomeStatus } from '../../shared/envelope.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import { decodeEvent, encodeEvent } from '../../shared/event.ts';
import type { NodeId } from '../../shared/ids.ts';
import { addressOf, type MachineId } from '../../shared/ids.ts';
import { utf8Length } from '../../shared/utf8.ts';
import type { Content } from './channel.ts';
import { MAX_ENVELOPE_BYTES } from './defaults.ts';
import { Delivery, type DeliveryOutput, logRow, type Parcel } from './delivery.ts';
import { DeliveryRunner } from './delivery-runner.ts';
import { type End, Host } from './host.ts';
import { InterMachineNode, type NodeEvents } from './node.ts';
import type { ObservationFrame } from './observation-frames.ts';
import { Outcomes } from './outcomes.ts';
import { type PeerInfo, Peers } from './peers.ts';
import type {
  Announcement,
  Change,
  Clock,
  Discovery,
  Identity,
  Scheduler,
  Store,
  StoreState,
  Transport,
} from './ports.ts';
import type { MachineNode } from './registered-machine.ts';
import { Registry } from './registry.ts';
import { RegistrySync } from './registry-sync.ts';
import { Router } from './router.ts';
import { RunQueue } from './run-queue.ts';
import { Showing } from './showing.ts';
import { Watching } from './watching.ts';

/** Everything a node stands on. */
export interface NodeParts {
  readonly name: string;
  /** Digest of the namespace. */
  readonly namespace: string;
  readonly identity: Identity;
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
  /** Whether machine types are told to everybody on the link, before any trust. */
  readonly advertiseTypes: boolean;
  /** Where what goes wrong is written when nobody listens for it yet. */
  readonly report: (message: string) => void;
}

/** Wires one node. Read it as the picture of what flows where. Throws what the transport throws when it listens. */
export async function startNode(parts: NodeParts): Promise<InterMachineNode> {
  const { name, namespace, identity, discovery, transport, store, stored, clock, scheduler, random } = parts;
  const self = identity.node;
  const incarnation = Math.max(stored.incarnation + 1, Math.floor(clock.wallTime() / 1000));
  const ours = stored.machines.filter((machine) => machine.node === self);
  const remembered = new Map(ours.map((machine) => [machine.id, machine]));

  const events = new Emitter<NodeEvents>(parts.report);
  const problem = (message: string) => {
    if (!events.emit('problem', message)) parts.report(message);
  };
  const registry = new Registry(self, (node) => peers.isAlive(node));
  const host = new Host(clock, new RunQueue(clock, scheduler), {
    stepped: (id) => showing.stepped(id),
    ended: (id, end) => machineEnded(id, end),
  });
  const outcomes = new Outcomes();
  const router = new Router({
    self,
    knows: (id) => remembered.has(id),
    isBusy: (id) => host.isBusy(id),
    deliverHere: (parcel, machine) => deliverHere(parcel, machine),
    sendAway: (parcel) => runner.step({ type: 'send', parcel }),
  });
  const delivery = new Delivery({
    stored,
    admit: (peer, envelope) => router.admit(peer, envelope),
    newEpoch: parts.newEpoch,
    wallTime: () => clock.wallTime(),
  });
  const runner = new DeliveryRunner({ delivery, store, scheduler, act, stored: tellStored, problem });
  const sync = new RegistrySync({
    self,
    registry,
    send: (peer, frame) => peers.send(peer, frame),
    connectedPeers: () => connectedPeers(),
    remember: (change) => runner.step({ type: 'change', change }),
    changed: (change) => {
      if (change.type === 'lost') watching.forget(change.machine.address);
      events.emit('machine', change);
      if (change.machine.local) announce();
    },
  });
  const offer = (peer: NodeId, frame: ObservationFrame) => peers.offer(peer, frame);
  const connectedPeers = () => peers.list().flatMap((peer) => (peers.isAlive(peer.id) ? [peer.id] : []));
  const showing = new Showing({
    host,
    clock,
    machines: () => registry.machinesOf(self).map((machine) => machine.id),
    send: offer,
    areStatesWanted: () => watching.wantsStates,
    statesChanged: (states) => watching.ownStatesChanged(states),
  });
  const watching = new Watching({ self, showing, clock, send: offer, connectedPeers });
  const peers = new Peers({
    self: { name, incarnation, namespace },
    identity,
    transport,
    clock,
    random,
    remembered: stored.nodes,
    seek: (missing) => discovery.seek(missing),
    owner: {
      changed: peerChanged,
      connected: (peer) => {
        runner.step({ type: 'connected', peer });
        sync.reachabilityChanged(peer, true);
        sync.connected(peer);
        watching.connected(peer);
      },
      disconnected: (peer) => {
        runner.step({ type: 'disconnected', peer });
        outcomes.channelLost(peer);
        showing.disconnected(peer);
        watching.disconnected(peer);
        sync.reachabilityChanged(peer, peers.isAlive(peer));
      },
      content,
      problem,
    },
  });

  // ---- One envelope out: machine → send → router → delivery → (on disk) → peers → channel → transport

  const send: MachineNode['send'] = (from, to, event, options) => {
    if (stopped) throw new InterMachineError('NODE_STOPPED', 'The node is stopped');
    const eventJson = encodeEvent(event);
    const size = eventJson.length * 3 > MAX_ENVELOPE_BYTES ? utf8Length(eventJson) : 0;
    if (size > MAX_ENVELOPE_BYTES) {
      throw new InterMachineError(
        'ENVELOPE_TOO_LARGE',
        `Event "${event.type}" takes ${size} bytes; ${MAX_ENVELOPE_BYTES} may travel`,
      );
    }
    const parcel: Parcel = {
      id: parts.newId(),
      from: addressOf(self, from),
      to: to.address,
      sentAt: clock.wallTime(),
      ...(options.correlationId !== undefined && { correlationId: options.correlationId }),
      ...(host.handlingEnvelopeId !== undefined && { causationId: host.handlingEnvelopeId }),
      eventType: event.type,
      eventJson,
    };
    const outcome = outcomes.wait(parcel.id, to.node, options.until ?? (to.reachable ? 'handled' : 'accepted'));
    try {
      router.route(parcel);
    } catch (thrown) {
      outcomes.forget(parcel.id);
      throw thrown;
    }
    return outcome;
  };

  // Between machines of one node nothing can be lost on the way: it is handed over at once, and logged behind it.
  function deliverHere(parcel: Parcel, machine: MachineId): void {
    if (host.isBusy(machine))
      throw new InterMachineError('MACHINE_BUSY', `Too many events wait for machine "${machine}" already`);
    runner.step({ type: 'record', row: logRow(parcel, 'local', 'delivered', clock.wallTime()) });
    host.deliver(machine, envelopeFrom(parcel), (status, code) => {
      runner.step({
        type: 'change',
        change: { type: 'status', direction: 'local', id: parcel.id, peer: self, status, ...(code && { code }) },
      });
      outcomes.settle(parcel.id, status, code);
    });
    outcomes.settle(parcel.id, 'delivered');
  }

  // ---- One envelope in: transport → channel → peers → delivery (router.admit) → (on disk) → host → machine

  function content(peer: NodeId, frame: Content): void {
    switch (frame.type) {
      case 'machines':
        return sync.received(peer, frame);
      case 'observe':
      case 'watch':
      case 'unwatch':
      case 'describe':
        return showing.asked(peer, frame);
      case 'states':
      case 'snapshot':
      case 'unseen':
      case 'description':
        return watching.told(peer, frame);
      default:
        return runner.step({ type: 'frame', peer, frame });
    }
  }

  function act(output: Exclude<DeliveryOutput, { type: 'commit' }>): void {
    switch (output.type) {
      case 'frame':
        return peers.send(output.peer, output.frame);
      case 'close':
        return peers.close(output.peer, output.code, output.reason);
      case 'outcome':
        return outcomes.settle(output.id, output.status, output.code);
      case 'rejected':
        return outcomes.reject(output.id, output.error);
      case 'handOver': {
        const { envelope, machine, position } = output.arrival;
        return host.deliver(machine, envelope, (status: OutcomeStatus, code?: ErrorCode) =>
          runner.step({ type: 'processed', position, id: envelope.id, status, ...(code && { code }) }),
        );
      }
    }
  }

  // ---- What is told to those who listen

  function tellStored(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.type === 'log') events.emit('message', change.row);
      else if (change.type === 'status') events.emit('outcome', change);
    }
  }

  function peerChanged(peer: PeerInfo): void {
    if (peer.incarnation > 0) {
      const { id, endpoints } = peer;
      runner.step({
        type: 'change',
        change: {
          type: 'node',
          row: { id, name: peer.name, incarnation: peer.incarnation, lastSeenAt: clock.wallTime(), endpoints },
        },
      });
    }
    events.emit('peer', peer);
  }

  function machineEnded(id: MachineId, end: End): void {
    if (stopped) return;
    if (end.status === 'failed') problem(`machine ${id} failed and takes no more events: ${end.reason}`);
    sync.removed(id);
  }

  // ---- Life

  let stopped = false;
  let revision = 0;
  let announced: Announcement | undefined;
  const announcement = (port: number): Announcement => {
    const types = new Set(parts.advertiseTypes ? registry.machinesOf(self).map((machine) => machine.type) : []);
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

  for (const { node, ...machine } of stored.machines) if (node !== self) registry.add(node, machine);
  // On disk before any peer hears of this start: it also makes durable what a killed process had written and not synced.
  await store.commit([{ type: 'incarnation', incarnation }]);
  const { port } = await transport.listen(peers.accept);
  announced = announcement(port);
  await discovery.start(announced, peers);

  return new InterMachineNode({
    self,
    name,
    port,
    events,
    problem,
    registry,
    sync,
    watching,
    waiting: (peer) => delivery.waiting(peer),
    peers,
    host,
    store,
    clock,
    send,
    random,
    remembered,
    async stop() {
      stopped = true;
      peers.stop();
      await Promise.all([discovery.stop(), transport.stop()]);
      showing.stop();
      host.stopAll();
      await runner.settled();
      outcomes.stop();
      await store.close();
    },
  });
}

/** Its event is a fresh object: a machine must not share one with its sender. */
const envelopeFrom = ({ eventType: _, eventJson, ...parcel }: Parcel): Envelope => ({
  ...parcel,
  event: decodeEvent(eventJson),
});
