import type { Emitter, Observable } from '../../shared/emitter.ts';
import { InterMachineError } from '../../shared/errors.ts';
import { type Address, type MachineId, machineId, type NodeId, nodeId } from '../../shared/ids.ts';
import { BaseRegistrator, type RegistratorParts } from './base-registrator.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { MachineState } from './finding.ts';
import { type ReplayedSnapshot, replay } from './journal-replay.ts';
import { type ExportFormat, type ExportPart, type ExportQuery, exportLog } from './log-export.ts';
import type { AnyTypes } from './machine-types.ts';
import type { NodeTrust } from './node-trust.ts';
import type { Backlog } from './outgoing-stream.ts';
import type { PeerInfo, Peers } from './peers.ts';
import type { Change, JournalQuery, JournalRow, LogRow, MessageQuery, NewLogRow, Store } from './ports.ts';
import type { MachineChange } from './registry-sync.ts';
import { type Subscription, subscription } from './subscriptions.ts';
import type { Watcher } from './watching.ts';

export interface NodeEvents {
  /** Something of a peer changed. */
  readonly peer: PeerInfo;
  readonly machine: MachineChange;
  /** Something of who may come in, or who waits at the door. */
  readonly trust: undefined;
  /** A row of the log, when it is on disk. */
  readonly message: NewLogRow;
  /** How far a row of the log is, when that is on disk. */
  readonly outcome: MessageOutcome;
  /** What a machine of this node wrote with XState's `log`. */
  readonly log: { readonly machine: MachineId; readonly text: string };
  /** The disk failed, and nobody knows what is on it: the node stops by itself. */
  readonly broken: InterMachineError;
  /** Something a person should know; the node goes on. */
  readonly problem: string;
  /** It is about to stop: whoever still starts something on it must end that. */
  readonly stopping: undefined;
}

export type MessageOutcome = Omit<Extract<Change, { readonly type: 'status' }>, 'type'>;

/** What the face of a node stands on. */
export interface NodeInsides extends Omit<RegistratorParts, 'roundTripMs'> {
  readonly name: string;
  readonly port: number;
  readonly incarnation: number;
  readonly events: Emitter<NodeEvents>;
  readonly peers: Peers;
  readonly trust: NodeTrust;
  /** Envelopes that wait for a peer. */
  readonly waiting: (peer: NodeId) => number;
  readonly backlog: (peer: NodeId) => Backlog;
  readonly forgetPeer: (peer: NodeId) => Promise<number>;
  readonly deadLetters: DeadLetters;
  readonly store: Store;
  readonly stop: () => Promise<void>;
}

/** A running node: it hosts machines and finds those of its peers. */
export class InterMachineNode<Types extends object = AnyTypes>
  extends BaseRegistrator<Types>
  implements Observable<NodeEvents>
{
  readonly #insides: NodeInsides;

  constructor(insides: NodeInsides) {
    super({ ...insides, roundTripMs: (node) => insides.peers.get(node)?.roundTripMs });
    this.#insides = insides;
  }

  get id(): NodeId {
    return this.#insides.self;
  }

  get name(): string {
    return this.#insides.name;
  }

  /** Grows at every start. */
  get incarnation(): number {
    return this.#insides.incarnation;
  }

  /** The port on which peers connect. */
  get port(): number {
    return this.#insides.port;
  }

  /** Who may come in: the network's key, pairing, blocking. */
  get trust(): NodeTrust {
    return this.#insides.trust;
  }

  on<Name extends keyof NodeEvents>(name: Name, listener: (payload: NodeEvents[Name]) => void): () => void {
    return this.#insides.events.on(name, listener);
  }

  // ---- What is around, and what happened

  peers(): readonly PeerInfo[] {
    return this.#insides.peers.list();
  }

  /** Rows of the stored log, newest first. */
  messages(query: MessageQuery = {}): Promise<readonly LogRow[]> {
    return this.#insides.store.messages(query);
  }

  /** What a machine of ours that is registered with `journal` processed, newest first unless told. */
  async journal(machine: string, query: Omit<JournalQuery, 'machine'> = {}): Promise<readonly JournalRow[]> {
    return await this.#insides.store.journal({ ...query, machine: machineId(machine) });
  }

  /**
   * What a machine of ours was after a row of its journal; nothing is done again. Rejects with MACHINE_UNKNOWN where it is not registered, as only its
   * definition can tell, with JOURNAL_MISSING, JOURNAL_DAMAGED, and with REPLAY_DIFFERS where it is another definition, or goes by something that is in no event.
   */
  async replay(machine: string, seq: number): Promise<ReplayedSnapshot> {
    const { machinery, store } = this.#insides;
    const id = machineId(machine);
    const shown = machinery.host.shown(id);
    if (!shown) throw new InterMachineError('MACHINE_UNKNOWN', `No machine "${id}" is registered on this node`);
    const { logic } = shown;
    return await replay(store, { machine: id, logic, definition: machinery.definitionOf(logic) }, seq);
  }

  /** The stored log as text, oldest row first, a part at a time: JSON Lines, or CSV. */
  exportLog(format: ExportFormat, query: ExportQuery = {}): AsyncIterable<ExportPart> {
    return exportLog((part) => this.#insides.store.messages(part), format, query);
  }

  /** Rows that a search looks at one by one, as they are not indexed yet. */
  get searchBehind(): number {
    return this.#insides.store.searchBehind;
  }

  /** Copies all that is kept to a file that is not there yet, while the node goes on. Rejects with BACKUP_FAILED. */
  async backupTo(file: string): Promise<{ readonly bytes: number }> {
    return await this.#insides.store.backupTo(file);
  }

  /** Envelopes that a peer does not have yet. */
  waitingFor(peer: NodeId): number {
    return this.#insides.waiting(peer);
  }

  /** The same, with how much it is, since when it waits, and how far a peer is that came back. */
  backlogOf(peer: NodeId): Backlog {
    return this.#insides.backlog(peer);
  }

  /** What was refused, expired or could not be handled, and what a person does about it. */
  get deadLetters(): DeadLetters {
    return this.#insides.deadLetters;
  }

  /**
   * A peer will never return: what waits for it becomes dead letters, and it is known no more. Resolves with how many, on disk. Rejects with
   * PEER_ALIVE, NODE_UNKNOWN, STORE_FULL.
   */
  async forgetPeer(peer: string): Promise<number> {
    return await this.#insides.forgetPeer(nodeId(peer));
  }

  // ---- For those who draw machines

  /**
   * Tells what a machine is doing, with what its chart needs, at most every 50 ms, starting with now. Throws MACHINE_UNKNOWN,
   * MACHINE_AMBIGUOUS.
   */
  watchLive(idOrAddress: string, watcher: Watcher): Subscription {
    const { registry, watching } = this.#insides.machinery;
    return subscription(watching.watch(registry.resolve(idOrAddress), watcher));
  }

  /** As long as somebody watches, `stateOf` knows the states of all machines. */
  watchStates(told: (changed: readonly Address[]) => void): Subscription {
    return subscription(this.#insides.machinery.watching.watchStates(told));
  }

  /** Whether a machine of ours goes on after a restart where it was. */
  isPersisted(id: MachineId): boolean {
    return this.#insides.machinery.host.isPersisted(id);
  }

  /** Whether what a machine of ours processes is written down. */
  isJournaled(id: MachineId): boolean {
    return this.#insides.machinery.host.isJournaled(id);
  }

  stateOf(idOrAddress: string): MachineState | undefined {
    const machine = this.machine(idOrAddress);
    return machine && this.#insides.machinery.watching.stateOf(machine);
  }

  protected override end(): Promise<void> {
    return this.#insides.stop();
  }
}
