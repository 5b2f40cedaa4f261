import type { SendableEvent } from '../../shared/envelope.ts';
import { InterMachineError } from '../../shared/errors.ts';
import {
  type Address,
  addressOf,
  isAddress,
  isMachineId,
  type MachineId,
  type NodeId,
  parseAddress,
  shorten,
} from '../../shared/ids.ts';
import { matcherOf } from '../../shared/pattern.ts';
import type { EventTag } from './machine-types.ts';

/** What a machine's node tells about it. */
export interface MachineDescription {
  readonly id: MachineId;
  readonly type: string;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** What its own node says of it: that it gave a sign of life within the last 30 s. */
  readonly healthy: boolean;
  /** Whether its node runs it, be it parked. What is sent to one that does not run waits at its node until it does. */
  readonly running: boolean;
}

/** One machine of this or of another node, as it is known here. */
export interface MachineInfo<Event = SendableEvent> extends MachineDescription, EventTag<Event> {
  readonly address: Address;
  readonly node: NodeId;
  readonly local: boolean;
  /** Whether an event would reach it now: its node is alive. */
  readonly reachable: boolean;
}

interface Entry {
  readonly address: Address;
  readonly node: NodeId;
  machine: MachineDescription;
}

interface TypeEntry {
  readonly lowerCaseName: string;
  /** In the order in which they became known. */
  readonly entries: Set<Entry>;
}

/** Every machine that is known, here and on the peers, found by id and by type. Each node is the author of its own. */
export class Registry {
  readonly #self: NodeId;
  readonly #isReachable: (node: NodeId) => boolean;
  readonly #byNode = new Map<NodeId, Map<MachineId, Entry>>();
  readonly #byAddress = new Map<string, Entry>();
  readonly #byId = new Map<MachineId, Set<NodeId>>();
  readonly #byType = new Map<string, TypeEntry>();

  constructor(self: NodeId, isReachable: (node: NodeId) => boolean) {
    this.#self = self;
    this.#isReachable = isReachable;
  }

  /** Adds a machine, or replaces what was known about it. */
  add(node: NodeId, machine: MachineDescription): void {
    const known = this.#byNode.get(node)?.get(machine.id);
    if (known && known.machine.type === machine.type) {
      known.machine = machine;
      return;
    }
    this.remove(node, machine.id);
    const entry: Entry = { address: addressOf(node, machine.id), node, machine };
    entryOf(this.#byNode, node, () => new Map<MachineId, Entry>()).set(machine.id, entry);
    this.#byAddress.set(entry.address, entry);
    entryOf(this.#byId, machine.id, () => new Set<NodeId>()).add(node);
    const newType = () => ({ lowerCaseName: machine.type.toLowerCase(), entries: new Set<Entry>() });
    entryOf(this.#byType, machine.type, newType).entries.add(entry);
  }

  /** Returns whether it was there. */
  remove(node: NodeId, id: MachineId): boolean {
    const machines = this.#byNode.get(node);
    const entry = machines?.get(id);
    if (!machines || !entry) return false;
    machines.delete(id);
    this.#byAddress.delete(entry.address);
    const nodes = this.#byId.get(id);
    nodes?.delete(node);
    if (nodes?.size === 0) this.#byId.delete(id);
    const ofType = this.#byType.get(entry.machine.type);
    ofType?.entries.delete(entry);
    if (ofType?.entries.size === 0) this.#byType.delete(entry.machine.type);
    return true;
  }

  get(node: NodeId, id: MachineId): MachineInfo | undefined {
    const entry = this.#byNode.get(node)?.get(id);
    return entry && this.#infoOf(entry);
  }

  /** As its node tells of it. */
  description(node: NodeId, id: MachineId): MachineDescription | undefined {
    return this.#byNode.get(node)?.get(id)?.machine;
  }

  countOf(node: NodeId): number {
    return this.#byNode.get(node)?.size ?? 0;
  }

  machinesOf(node: NodeId): readonly MachineDescription[] {
    return [...(this.#byNode.get(node)?.values() ?? [])].map((entry) => entry.machine);
  }

  /** All of a type, in the order in which they became known. */
  ofType(type: string): readonly MachineInfo[] {
    return this.#infosOf(this.#byType.get(type));
  }

  /** All of the types that fit the pattern: see `matchesPattern`. */
  ofPattern(pattern: string): readonly MachineInfo[] {
    const fits = matcherOf(pattern);
    const found: MachineInfo[] = [];
    for (const type of this.#byType.values()) if (fits(type.lowerCaseName)) found.push(...this.#infosOf(type));
    return found;
  }

  all(): readonly MachineInfo[] {
    return [...this.#byNode.values()].flatMap((machines) => [...machines.values()].map((entry) => this.#infoOf(entry)));
  }

  /** Names of all types that machines have. */
  types(): readonly string[] {
    return [...this.#byType.keys()];
  }

  countOfType(type: string): number {
    return this.#byType.get(type)?.entries.size ?? 0;
  }

  /**
   * The machine meant by an address or a bare id: the local one of that id, else the only remote one, else a local one that does not run.
   * Throws ADDRESS_INVALID, MACHINE_UNKNOWN, MACHINE_AMBIGUOUS.
   */
  resolve(target: string): MachineInfo {
    const entry = this.#byAddress.get(target);
    if (entry) return this.#infoOf(entry);
    if (isAddress(target)) parseAddress(target);
    if (!isMachineId(target)) return unknown(target);
    const local = this.get(this.#self, target);
    if (local?.running) return local;
    const nodes = [...(this.#byId.get(target) ?? [])].filter((node) => node !== this.#self);
    if (nodes.length > 1) {
      throw new InterMachineError(
        'MACHINE_AMBIGUOUS',
        `${nodes.length} nodes have a machine "${target}": say which one by its address, such as ${nodes.map((node) => addressOf(node, target))[0]}`,
      );
    }
    const [node] = nodes;
    return (node && this.get(node, target)) ?? local ?? unknown(target);
  }

  #infosOf(type: TypeEntry | undefined): readonly MachineInfo[] {
    const infos: MachineInfo[] = [];
    for (const entry of type?.entries ?? []) infos.push(this.#infoOf(entry));
    return infos;
  }

  // Written out and not spread: it runs for each machine of each query, and this is four times as fast.
  #infoOf({ address, node, machine }: Entry): MachineInfo {
    const local = node === this.#self;
    return {
      id: machine.id,
      type: machine.type,
      version: machine.version,
      metadata: machine.metadata,
      healthy: machine.healthy,
      running: machine.running,
      address,
      node,
      local,
      reachable: local || this.#isReachable(node),
    };
  }
}

function unknown(target: string): never {
  // An address whole: what it ends with is the machine.
  throw new InterMachineError('MACHINE_UNKNOWN', `No machine "${shorten(target, 120)}" is known here`);
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}
