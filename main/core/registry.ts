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

/** What a machine's node tells about it. */
export interface MachineDescription {
  readonly id: MachineId;
  readonly type: string;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** One machine of this or of another node, as it is known here. */
export interface MachineInfo extends MachineDescription {
  readonly address: Address;
  readonly node: NodeId;
  readonly local: boolean;
  /** Whether an event would reach it now: its node is alive. */
  readonly reachable: boolean;
}

/** Every machine that is known, here and on the peers, found by id and by type. Each node is the author of its own. */
export class Registry {
  readonly #self: NodeId;
  readonly #isReachable: (node: NodeId) => boolean;
  readonly #byNode = new Map<NodeId, Map<MachineId, MachineDescription>>();
  readonly #byId = new Map<MachineId, Set<NodeId>>();
  readonly #byType = new Map<string, Set<Address>>();

  constructor(self: NodeId, isReachable: (node: NodeId) => boolean) {
    this.#self = self;
    this.#isReachable = isReachable;
  }

  /** Adds a machine, or replaces what was known about it. */
  add(node: NodeId, machine: MachineDescription): void {
    this.remove(node, machine.id);
    entry(this.#byNode, node, () => new Map<MachineId, MachineDescription>()).set(machine.id, machine);
    entry(this.#byId, machine.id, () => new Set<NodeId>()).add(node);
    entry(this.#byType, machine.type, () => new Set<Address>()).add(addressOf(node, machine.id));
  }

  /** Returns whether it was there. */
  remove(node: NodeId, id: MachineId): boolean {
    const machines = this.#byNode.get(node);
    const machine = machines?.get(id);
    if (!machines || !machine) return false;
    machines.delete(id);
    discard(this.#byId, id, node);
    discard(this.#byType, machine.type, addressOf(node, id));
    return true;
  }

  get(node: NodeId, id: MachineId): MachineInfo | undefined {
    const machine = this.#byNode.get(node)?.get(id);
    return (
      machine && {
        ...machine,
        address: addressOf(node, id),
        node,
        local: node === this.#self,
        reachable: node === this.#self || this.#isReachable(node),
      }
    );
  }

  machinesOf(node: NodeId): readonly MachineDescription[] {
    return [...(this.#byNode.get(node)?.values() ?? [])];
  }

  /** All of a type, in the order in which they became known. */
  ofType(type: string): readonly MachineInfo[] {
    return [...(this.#byType.get(type) ?? [])].flatMap((address) => {
      const { node, machine } = parseAddress(address);
      return this.get(node, machine) ?? [];
    });
  }

  all(): readonly MachineInfo[] {
    return [...this.#byNode].flatMap(([node, machines]) =>
      [...machines.keys()].flatMap((id) => this.get(node, id) ?? []),
    );
  }

  /** Names of all types that machines have. */
  types(): readonly string[] {
    return [...this.#byType.keys()];
  }

  /**
   * The machine meant by an address or a bare id: the local one of that id, else the only remote one.
   * Throws ADDRESS_INVALID, MACHINE_UNKNOWN, MACHINE_AMBIGUOUS.
   */
  resolve(target: string): MachineInfo {
    if (isAddress(target)) {
      const { node, machine } = parseAddress(target);
      return this.get(node, machine) ?? unknown(target);
    }
    if (!isMachineId(target)) return unknown(target);
    const local = this.get(this.#self, target);
    if (local) return local;
    const nodes = [...(this.#byId.get(target) ?? [])];
    if (nodes.length > 1) {
      throw new InterMachineError(
        'MACHINE_AMBIGUOUS',
        `${nodes.length} nodes have a machine "${target}": say which one by its address, such as ${nodes.map((node) => addressOf(node, target))[0]}`,
      );
    }
    const [node] = nodes;
    return (node && this.get(node, target)) ?? unknown(target);
  }
}

function unknown(target: string): never {
  throw new InterMachineError('MACHINE_UNKNOWN', `No machine "${shorten(target)}" is known here`);
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

function discard<Key, Value>(map: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const values = map.get(key);
  values?.delete(value);
  if (values?.size === 0) map.delete(key);
}
