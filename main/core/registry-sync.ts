import type { MachineId, NodeId } from '../../shared/ids.ts';
import { MAX_BATCH_BYTES } from './defaults.ts';
import type { Change } from './ports.ts';
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
}

/** Keeps the registries of nodes in step: each node tells its peers what it hosts, all at first and then what changes. */
export class RegistrySync {
  readonly #parts: RegistrySyncParts;
  /** Machines of a peer that its full list, which comes in pages, did not name so far. */
  readonly #unconfirmed = new Map<NodeId, Set<MachineId>>();
  readonly #reachable = new Set<NodeId>();

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
    const { registry, self, send } = this.#parts;
    const pages = pagesOf(registry.machinesOf(self));
    for (const [index, added] of pages.entries())
      send(peer, { type: 'machines', full: index === 0, last: index === pages.length - 1, added, removed: [] });
  }

  /** One of ours. That it is remembered is its registration's business. */
  added(machine: MachineDescription): void {
    this.#add(this.#parts.self, machine);
    this.#tellAll({ added: [machine], removed: [] });
  }

  removed(id: MachineId): void {
    if (this.#remove(this.#parts.self, id)) this.#tellAll({ added: [], removed: [id] });
  }

  received(peer: NodeId, { full, last, added, removed }: Machines): void {
    if (full) this.#unconfirmed.set(peer, new Set(this.#parts.registry.machinesOf(peer).map((machine) => machine.id)));
    const unconfirmed = this.#unconfirmed.get(peer);
    for (const machine of added) {
      unconfirmed?.delete(machine.id);
      if (this.#add(peer, machine)) this.#parts.remember({ type: 'machine', row: { node: peer, ...machine } });
    }
    for (const id of removed) this.#forget(peer, id);
    if (!last || !unconfirmed) return;
    for (const id of unconfirmed) this.#forget(peer, id);
    this.#unconfirmed.delete(peer);
  }

  #tellAll(delta: Pick<Machines, 'added' | 'removed'>): void {
    const { connectedPeers, send } = this.#parts;
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

const textOf = ({ type, version, metadata }: MachineDescription): string =>
  JSON.stringify([type, version, Object.entries(metadata).sort()]);

/** At least one page, so that an empty list is told too. */
function pagesOf(machines: readonly MachineDescription[]): readonly (readonly MachineDescription[])[] {
  const pages: MachineDescription[][] = [[]];
  let length = 0;
  for (const machine of machines) {
    const more = JSON.stringify(machine).length;
    if (length + more > MAX_BATCH_BYTES) {
      pages.push([]);
      length = 0;
    }
    pages.at(-1)?.push(machine);
    length += more;
  }
  return pages;
}
