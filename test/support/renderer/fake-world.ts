import { diagnosisOf } from '../../../main/core/diagnosis.ts';
import type {
  AuditView,
  Chart,
  DeadLetterView,
  FilesItem,
  JournalRowView,
  LogOutcome,
  MachineLive,
  MachineView,
  MessageView,
  NodeView,
  PeerView,
  TrustView,
} from '../../../shared/api.ts';
import type { Diagnosis } from '../../../shared/diagnosis.ts';
import type { Outcome, OutcomeStatus } from '../../../shared/envelope.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import { type Address, addressOf, type MachineId, type NodeId } from '../../../shared/ids.ts';
import { factsOf } from '../facts.ts';

export type Change =
  | { readonly kind: 'peers' }
  | { readonly kind: 'files' }
  | { readonly kind: 'trust' }
  | { readonly kind: 'machine'; readonly address: Address }
  | { readonly kind: 'row'; readonly row: MessageView }
  | { readonly kind: 'outcome'; readonly outcome: LogOutcome }
  | { readonly kind: 'live'; readonly address: Address };

/** Ids that look like real ones and are the same in every run. */
export function fakeNodeId(name: string): NodeId {
  const letters = 'abcdefghijklmnopqrstuvwxyz234567';
  let seed = 7;
  for (const character of name) seed = (seed * 31 + character.charCodeAt(0)) >>> 0;
  let id = '';
  for (let i = 0; i < 52; i++) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    id += letters[seed >>> 27];
  }
  return id as NodeId;
}

/** What a node knows, written by a test or a script, read by the fake node's calls and streams. */
export class FakeWorld {
  node: NodeView;
  peers: readonly PeerView[] = [];
  files: FilesItem = { folder: '/home/ann/.local/share/intermachine/nodes/hall/machines', files: [] };
  diagnosis: Diagnosis = diagnosisOf(factsOf());
  trust: TrustView = {
    open: false,
    keyId: 'k3v7qd2m',
    replaced: [],
    members: 0,
    strangers: [],
    trusted: [],
    blocked: [],
  };
  audit: readonly AuditView[] = [];
  letters: readonly DeadLetterView[] = [];
  /** Newest first, of every machine. */
  journal: readonly JournalRowView[] = [];
  searchBehind = 0;
  readonly machines = new Map<Address, MachineView>();
  /** Oldest first. */
  readonly log: MessageView[] = [];
  readonly charts = new Map<Address, Chart>();
  readonly live = new Map<Address, MachineLive>();
  /** What it was told to do with its machines. */
  readonly told: string[] = [];
  /** What pages sent. */
  readonly sent: { readonly to: string; readonly event: { readonly type: string } }[] = [];
  /** What becomes of what pages send. */
  answer: (to: string, event: { readonly type: string }) => Pick<Outcome, 'status' | 'code'> = () => ({
    status: 'handled',
  });
  readonly #watchers = new Set<(change: Change) => void>();
  #lastEnvelope = 0;

  constructor(name: string) {
    this.node = {
      id: fakeNodeId(name),
      name,
      version: '0.1.0',
      port: 49_152,
      startedAt: Date.now() - 3_723_000,
      mayAct: true,
      networkKeyId: 'k3v7qd2m',
    };
  }

  watch(watcher: (change: Change) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  setFiles(files: FilesItem['files'], folder = this.files.folder): void {
    this.files = { files, ...(folder !== undefined && { folder }) };
    this.#tell({ kind: 'files' });
  }

  setPeers(peers: readonly PeerView[]): void {
    this.peers = peers;
    this.#tell({ kind: 'peers' });
  }

  setTrust(change: Partial<TrustView>): void {
    this.trust = { ...this.trust, ...change };
    this.#tell({ kind: 'trust' });
  }

  addPeer(name: string, more: Partial<PeerView> = {}): PeerView {
    const peer: PeerView = {
      id: fakeNodeId(name),
      name,
      state: 'alive',
      incarnation: 1,
      endpoints: [{ host: '192.168.7.21', port: 49_200 }],
      advertisedTypes: [],
      roundTripMs: 0.8,
      waiting: 0,
      waitingLength: 0,
      ...more,
    };
    this.setPeers([...this.peers, peer]);
    return peer;
  }

  addMachine(
    id: string,
    type: string,
    on: { readonly id: NodeId; readonly name: string },
    more: Partial<MachineView> = {},
  ): MachineView {
    const machine: MachineView = {
      address: addressOf(on.id, id as MachineId),
      id: id as MachineId,
      node: on.id,
      nodeName: on.name,
      type,
      version: '1.0.0',
      metadata: {},
      local: on.id === this.node.id,
      reachable: true,
      healthy: true,
      running: true,
      state: 'idle',
      status: 'active',
      ...more,
    };
    this.setMachine(machine);
    return machine;
  }

  setMachine(machine: MachineView): void {
    this.machines.set(machine.address, machine);
    this.#tell({ kind: 'machine', address: machine.address });
  }

  changeMachine(address: Address, change: Partial<MachineView>): void {
    const machine = this.machines.get(address);
    if (machine) this.setMachine({ ...machine, ...change });
  }

  removeMachine(address: Address): void {
    this.machines.delete(address);
    this.#tell({ kind: 'machine', address });
  }

  setLive(address: Address, live: MachineLive): void {
    this.live.set(address, live);
    this.changeMachine(address, { state: live.state, status: live.status });
    this.#tell({ kind: 'live', address });
  }

  /** Logs one envelope; its direction follows from its ends. */
  send(from: Address, to: Address, event: { readonly type: string }, more: Partial<MessageView> = {}): MessageView {
    const here = (address: Address) => address.includes(this.node.id);
    const now = Date.now();
    const row: MessageView = {
      place: (this.log.at(-1)?.place ?? 0) + 1,
      id: `0199${(++this.#lastEnvelope).toString(16).padStart(4, '0')}-7c2e-7d11-b5a0-${from.slice(5, 17).padEnd(12, '0')}`,
      direction: here(from) ? (here(to) ? 'local' : 'out') : 'in',
      from,
      to,
      eventType: event.type,
      eventJson: JSON.stringify(event),
      sentAt: now,
      loggedAt: now,
      status: 'accepted',
      ...more,
    };
    this.log.push(row);
    this.#tell({ kind: 'row', row });
    return row;
  }

  settle(row: MessageView, status: OutcomeStatus, code?: ErrorCode): void {
    const outcome: LogOutcome = { direction: row.direction, id: row.id, status, ...(code && { code }) };
    const at = this.log.findLastIndex(({ id, direction }) => id === row.id && direction === row.direction);
    const logged = this.log[at];
    if (logged) this.log[at] = { ...logged, ...outcome };
    this.#tell({ kind: 'outcome', outcome });
  }

  #tell(change: Change): void {
    for (const watcher of this.#watchers) watcher(change);
  }
}
