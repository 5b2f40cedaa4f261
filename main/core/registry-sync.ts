import type { MachineId, NodeId } from '../../shared/ids.ts';
import { MAX_MACHINES_OF_PEER } from './defaults.ts';
import { pagesOf } from './pages.ts';
import type { Change, MachineRow } from './ports.ts';
import type { MachineDescription, MachineInfo, Registry } from './registry.ts';
import type { Machines } from './wire.ts';

/** What became of a machine in the registry. */
export interface MachineChange {
  readonly type: 'found' | 'changed' | 'lost';
  readonly machine: MachineInfo;
}

export interface RegistrySyncParts {
  readonly self: NodeId;
  readonly registry: Registry;
  readonly send: (peer: NodeId, frame: Machines) => void;
  readonly connectedPeers: () => readonly NodeId[];
  readonly remember: (change: Change) => void;
  readonly changed: (change: MachineChange) => void;
  /** Whether other nodes learn of this machine of ours. */
  readonly isExposed: (id: MachineId) => boolean;
  readonly problem: (message: string) => void;
}

/** Keeps the registries of nodes in step: each node tells its peers what it hosts, all at first and then what changes. */
export class RegistrySync {
  readonly #parts: RegistrySyncParts;
  /** Machines of a peer that its full list, which comes in pages, did not name so far. */
  readonly #unconfirmed = new Map<NodeId, Set<MachineId>>();
  readonly #reachable = new Set<NodeId>();
  /** Peers that told of more machines than are remembered of one. */
  readonly #tooMany = new Set<NodeId>();

  constructor(parts: RegistrySyncParts) {
    this.#parts = parts;
  }

  /** Its channel opened or was lost: its machines are reachable now, or no more. */
  reachabilityChanged(peer: NodeId, isReachable: boolean): void {
    if (this.#reachable.has(peer) === isReachable) return;
    if (isReachable) this.#reachable.add(peer);
    else this.#reachable.delete(peer);
    const { registry, changed } = this.#parts;
    for (const { id } of registry.machinesOf(peer)) {
      const machine = registry.get(peer, id);
      if (machine) changed({ type: 'changed', machine });
    }
  }

  connected(peer: NodeId): void {
    const { registry, self, send, isExposed } = this.#parts;
    const pages = pagesOf(registry.machinesOf(self).filter(({ id }) => isExposed(id)));
    for (const [index, added] of pages.entries())
      send(peer, { type: 'machines', full: index === 0, last: index === pages.length - 1, added, removed: [] });
  }

  /** One of ours, new or with something new about it. That it is remembered is its registration's business. */
  added(machine: MachineDescription): void {
    if (this.#add(this.#parts.self, machine)) this.#tellAll(machine.id, { added: [machine], removed: [] });
  }

  removed(id: MachineId): void {
    if (this.#remove(this.#parts.self, id)) this.#tellAll(id, { added: [], removed: [id] });
  }

  /** Nobody expects this node any more: its machines are gone. */
  forgotten(peer: NodeId): void {
    for (const { id } of this.#parts.registry.machinesOf(peer)) this.#remove(peer, id);
  }

  /** One of ours gave a sign of life again, or none for too long. */
  healthChanged(id: MachineId, healthy: boolean): void {
    const { registry, self } = this.#parts;
    const machine = registry.description(self, id);
    if (machine) this.added({ ...machine, healthy });
  }

  /** One of ours runs no more, and stays known: what comes for it waits. */
  released(id: MachineId): void {
    const { registry, self } = this.#parts;
    const machine = registry.description(self, id);
    if (machine) this.added({ ...machine, healthy: false, running: false });
  }

  received(peer: NodeId, { full, last, added, removed }: Machines): void {
    if (full) this.#unconfirmed.set(peer, new Set(this.#parts.registry.machinesOf(peer).map((machine) => machine.id)));
    const unconfirmed = this.#unconfirmed.get(peer);
    for (const machine of added) {
      unconfirmed?.delete(machine.id);
      if (!this.#hasRoomFor(peer, machine)) continue;
      if (this.#add(peer, machine)) this.#parts.remember({ type: 'machine', row: machineRow(peer, machine) });
    }
    for (const id of removed) this.#forget(peer, id);
    if (!last || !unconfirmed) return;
    for (const id of unconfirmed) this.#forget(peer, id);
    this.#unconfirmed.delete(peer);
  }

  #hasRoomFor(peer: NodeId, { id }: MachineDescription): boolean {
    const { registry, problem } = this.#parts;
    if (registry.countOf(peer) < MAX_MACHINES_OF_PEER || registry.get(peer, id)) return true;
    if (!this.#tooMany.has(peer))
      problem(`node ${peer} tells of more than ${MAX_MACHINES_OF_PEER} machines; those beyond are left out here`);
    this.#tooMany.add(peer);
    return false;
  }

  #tellAll(id: MachineId, delta: Pick<Machines, 'added' | 'removed'>): void {
    const { connectedPeers, send, isExposed } = this.#parts;
    if (!isExposed(id)) return;
    for (const peer of connectedPeers()) send(peer, { type: 'machines', full: false, last: true, ...delta });
  }

  #forget(node: NodeId, id: MachineId): void {
    if (this.#remove(node, id)) this.#parts.remember({ type: 'machineRemove', node, id });
  }

  /** Returns whether that changed anything. */
  #add(node: NodeId, machine: MachineDescription): boolean {
    const { registry, changed } = this.#parts;
    const before = registry.get(node, machine.id);
    if (before && isSame(before, machine)) return false;
    registry.add(node, machine);
    const info = registry.get(node, machine.id);
    if (info) changed({ type: before ? 'changed' : 'found', machine: info });
    return true;
  }

  #remove(node: NodeId, id: MachineId): boolean {
    const { registry, changed } = this.#parts;
    const machine = registry.get(node, id);
    if (!machine) return false;
    registry.remove(node, id);
    changed({ type: 'lost', machine });
    return true;
  }
}

const isSame = (a: MachineDescription, b: MachineDescription): boolean => textOf(a) === textOf(b);

const textOf = ({ type, version, metadata, healthy, running }: MachineDescription): string =>
  JSON.stringify([type, version, Object.entries(metadata).sort(), healthy, running]);

/** What is remembered of a machine: not whether it is healthy or runs, which only its node can say. */
export const machineRow = (node: NodeId, { id, type, version, metadata }: MachineDescription): MachineRow => ({
  node,
  id,
  type,
  version,
  metadata,
});

/** The same as it is told of a machine, but for what only its node can say. */
export const descriptionOf = ({
  node: _,
  expose: __,
  ...description
}: MachineRow): Omit<MachineDescription, 'healthy' | 'running'> => description;
