import type { Diagnosis } from './diagnosis.ts';
import type { Direction, Outcome, OutcomeStatus } from './envelope.ts';
import type { ErrorCode } from './errors.ts';
import type { Address, MachineId, NodeId } from './ids.ts';

// What a dashboard may ask of a node, in the desktop window and in a browser alike. Texts in it may come from peers: they are
// text, never markup.

/** The node that serves the dashboard. */
export interface NodeView {
  readonly id: NodeId;
  readonly name: string;
  readonly version: string;
  /** For peers. */
  readonly port: number;
  /** Wall clock of the node, milliseconds. */
  readonly startedAt: number;
  /** Missing where nothing is kept. */
  readonly dataDir?: string;
  /** Missing in an open network. */
  readonly networkKeyId?: string;
  /** Whether whoever asks may change anything, or look at secrets. */
  readonly mayAct: boolean;
}

/** Whoever is at the other end of the contract. */
export interface Visitor {
  /** Through what, for the audit: `dashboard`, `command`, `script`. */
  readonly by: string;
  /** Else it may only look. */
  readonly mayAct: boolean;
}

export type PeerState = 'alive' | 'suspect' | 'offline' | 'untrusted' | 'blocked';

export interface PeerView {
  readonly id: NodeId;
  readonly name: string;
  readonly state: PeerState;
  readonly incarnation: number;
  readonly endpoints: readonly { readonly host: string; readonly port: number }[];
  readonly advertisedTypes: readonly string[];
  /** Milliseconds there and back, of the last heartbeat. */
  readonly roundTripMs?: number;
  readonly problem?: string;
  /** Its line opens and breaks again and again, so it is dialled again more slowly. */
  readonly unstable?: boolean;
  /** Envelopes that wait for it. */
  readonly waiting: number;
  /** Their length as text, about as many bytes. */
  readonly waitingLength: number;
  /** When the oldest of them was sent: wall clock of the node, milliseconds. Missing where none waits. */
  readonly oldestSentAt?: number;
  /** It is back, and gets what waited for it when it came: how many that were, and how many of them it has. Missing when it has all. */
  readonly syncing?: { readonly of: number; readonly sent: number; readonly acknowledged: number };
}

/** Who may come in, and who waits at the door. */
export interface TrustView {
  /** Anybody on the network is let in. */
  readonly open: boolean;
  /** Of our network's key; tells nothing about the key. */
  readonly keyId?: string;
  /** Keys that were replaced and let those in who were known before, and until when. */
  readonly replaced: readonly { readonly keyId: string; readonly until: number }[];
  /** Other nodes in our network, reachable or not. */
  readonly members: number;
  readonly strangers: readonly StrangerView[];
  /** Trusted for their id alone. */
  readonly trusted: readonly JudgedView[];
  readonly blocked: readonly JudgedView[];
  readonly pairing?: PairingView;
}

/** A node that is around, or that reached us, and is not let in. */
export interface StrangerView {
  readonly id: NodeId;
  readonly name: string;
  readonly endpoints: readonly { readonly host: string; readonly port: number }[];
  /** As it advertises them. */
  readonly types: readonly string[];
  /** When it knocked last; missing where it was only seen. */
  readonly knockedAt?: number;
  /** Another node that we know, or we ourselves, has the same name. */
  readonly namesake?: NodeId;
}

/** What somebody did by hand. */
export interface AuditView {
  readonly place: number;
  readonly at: number;
  readonly by: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: string;
}

/** Who else goes along when a node moves to another network. */
export type Bring = 'alone' | 'all';

export interface JudgedView {
  readonly id: NodeId;
  readonly name: string;
  readonly at: number;
}

/** One pairing, under way or just over. */
export interface PairingView {
  readonly method: 'digits' | 'code';
  /** It was opened here: our network's key is the one that is handed over. */
  readonly opened: boolean;
  /** A stranger asks for it. */
  readonly asked: boolean;
  readonly stage: 'reaching' | 'showing' | 'comparing' | 'handing' | 'paired' | 'failed';
  /** Missing while a code waits for whoever types it. */
  readonly peer?: { readonly id: NodeId; readonly name: string };
  /** Six, to compare with those at the other node. */
  readonly digits?: string;
  /** Eight, to type at the other node. */
  readonly code?: string;
  /** Whether the person here has agreed, and the one at the other node. */
  readonly agreed: boolean;
  readonly peerAgreed: boolean;
  /** Wall clock of the node, milliseconds. */
  readonly closesAt: number;
  readonly problem?: string;
  /** It failed when our key was sent and no answer had come: the other node may have it. */
  readonly unanswered?: true;
}

export interface MachineView {
  readonly address: Address;
  readonly id: MachineId;
  readonly node: NodeId;
  readonly nodeName: string;
  readonly type: string;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly local: boolean;
  readonly reachable: boolean;
  /** Whether it gave a sign of life lately, as its node says. */
  readonly healthy: boolean;
  /** What is sent to one that does not run waits at its node until it does. */
  readonly running: boolean;
  /** Of a machine of this node: it goes on after a restart where it was. */
  readonly persisted?: true;
  /** Of a machine of this node: what it does is written down. */
  readonly journaled?: true;
  /** Active leaf states, as in `work.running, door.open`; missing while its node did not tell. */
  readonly state?: string;
  readonly status?: MachineStatus;
}

/** The name of a state, or of several in parallel or nested ones: XState's own shape, written here so that a page needs no XState. */
export type StateValue = string | { readonly [state: string]: StateValue | undefined };

export type MachineStatus = 'active' | 'done' | 'error' | 'stopped';

/** A row of the log. */
export interface MessageView {
  /** Grows from row to row, of this node's log. */
  readonly place: number;
  readonly id: string;
  readonly direction: Direction;
  readonly from: Address;
  readonly to: Address;
  readonly eventType: string;
  /** JSON text of the event. */
  readonly eventJson: string;
  readonly sentAt: number;
  readonly loggedAt: number;
  readonly status: OutcomeStatus;
  readonly code?: ErrorCode;
  readonly correlationId?: string;
  readonly causationId?: string;
}

/** Which rows; all conditions hold at once. Newest first. */
export interface MessageFilter {
  /** 1 to 1,000. */
  readonly limit: number;
  /** Only rows before this place: the next page. */
  readonly before?: number;
  readonly machine?: MachineId;
  readonly node?: NodeId;
  readonly eventType?: string;
  /** Somewhere in the event's type or text, upper or lower case. */
  readonly text?: string;
}

/** What will never be delivered, or what its machine could not take. */
export interface DeadLetterView {
  /** Grows from letter to letter, of this node. */
  readonly place: number;
  /** Of the envelope. */
  readonly id: string;
  /** Whether it died on its way out, or here. */
  readonly direction: Direction;
  readonly from: Address;
  readonly to: Address;
  readonly eventType: string;
  /** JSON text of the event. */
  readonly eventJson: string;
  readonly reason: ErrorCode;
  readonly sentAt: number;
  readonly diedAt: number;
  readonly correlationId?: string;
  readonly causationId?: string;
}

/** Which letters; all conditions hold at once. Newest first. */
export interface DeadLetterFilter {
  /** 1 to 1,000. */
  readonly limit: number;
  /** Only letters before this place: the next page. */
  readonly before?: number;
  readonly node?: NodeId;
  readonly machine?: MachineId;
  readonly reason?: ErrorCode;
}

/** Letters by their places: 1 to 1,000. */
export interface DeadLetterPlaces {
  readonly places: readonly number[];
}

/** The structure of a state machine: what can be drawn of it. */
export interface Chart {
  readonly id: string;
  readonly root: ChartState;
  readonly transitions: readonly ChartTransition[];
}

export interface ChartState {
  /** Unique in its chart, as in `press.work.running`. */
  readonly id: string;
  readonly key: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly children: readonly ChartState[];
  /** Id of the child that is entered first. */
  readonly initial?: string;
  /** Deep or shallow, of a history state. */
  readonly history?: 'shallow' | 'deep';
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  /** Names of invoked actors. */
  readonly invoke: readonly string[];
  readonly tags: readonly string[];
  readonly description?: string;
}

export interface ChartTransition {
  readonly id: string;
  readonly source: string;
  /** Missing where the state is not left. */
  readonly target?: string;
  /** As people read it: `PING`, `after 500 ms`, `always`, `done: homing`, `error: homing`. */
  readonly label: string;
  /** The event's type as the machine sees it. */
  readonly event: string;
  readonly guard?: string;
  readonly actions: readonly string[];
}

/** A machine's structure; the hash is the same wherever the structure is. */
export interface MachineDefinition {
  readonly chart: Chart;
  readonly hash: string;
}

/** Why a machine stood still. */
export interface Failure {
  /** Wall clock of its node, milliseconds. */
  readonly at: number;
  readonly reason: string;
  /** Type of the event at which it failed; missing where it failed by itself, such as at a timer, or a person stopped it. */
  readonly eventType?: string;
  /** Milliseconds after which it begins anew; missing where it does not by itself. */
  readonly restartsAfterMs?: number;
}

/** What a machine is doing now. */
export interface MachineLive {
  readonly status: MachineStatus;
  /** Ids of all active states in its chart, from the root down. Empty for logic that is no machine. */
  readonly active: readonly string[];
  readonly state: string;
  /** As XState's `snapshot.value`; missing for logic that is no state machine. */
  readonly value?: StateValue;
  readonly tags: readonly string[];
  /** JSON text, cut at 64 KiB. `null` where the machine shows its state alone. */
  readonly context: string;
  readonly contextIsCut: boolean;
  /** JSON text of what it ended with, cut at 64 KiB. */
  readonly output?: string;
  readonly error?: string;
  /** Counts the definitions that it had since it was registered: with a higher one its chart is another. */
  readonly definition: number;
  /** The newest last; 20 at most. */
  readonly failures: readonly Failure[];
  /** The transition that led here, by the chart's ids; missing before the first one. */
  readonly last?: { readonly event: string; readonly transitions: readonly string[] };
  /** Counts the steps it was seen to take. */
  readonly step: number;
}

/** Something that is wrong in a machine file, for whoever wrote it. */
export interface FileProblem {
  /** With an error the file is not taken. */
  readonly severity: 'error' | 'warning';
  /** Where in the machine, as in `states.open.on.LOAD.target`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  /** What to do. */
  readonly hint?: string;
  /** From 1; missing where there is no place in the text. */
  readonly line?: number;
  readonly column?: number;
  /** Characters. */
  readonly length?: number;
}

/** The folder of machine files. */
export interface FilesItem {
  /** Missing where there is none. */
  readonly folder?: string;
  /** In alphabetical order. */
  readonly files: readonly FileView[];
}

/** A file of the folder of machine files. */
export interface FileView {
  readonly name: string;
  /** Of its machines; missing where the file never was right. */
  readonly type?: string;
  readonly version?: string;
  /** Ids of the machines that run of it. */
  readonly machines: readonly string[];
  /** What is wrong with it as it is now. With an error, its machines are those of the last time it was right. */
  readonly problems: readonly FileProblem[];
  /** How its machines took the last change: one sentence for each. */
  readonly notes: readonly string[];
}

/** Machines that changed since the item before; the first item has all of them. */
export interface MachinesItem {
  readonly changed: readonly MachineView[];
  readonly removed: readonly Address[];
}

/** What was logged since the item before. */
export interface LogItem {
  readonly rows: readonly MessageView[];
  readonly outcomes: readonly LogOutcome[];
  /** Rows that were passed over because there were too many to show. They are in the log. */
  readonly skipped: number;
}

/** A row of a machine's journal: what it processed, or that the disk did not keep it. */
export type JournalRowView = JournalEventView | DamagedRowView;

/** An event that a machine of this node processed. */
export interface JournalEventView {
  /** 1, 2, 3 … for each machine. */
  readonly seq: number;
  /** Wall clock of the node, milliseconds. */
  readonly at: number;
  /** The address of who sent it; else `start`, `timer`, `self`, `program`, or `child` and the id of the actor that it started. */
  readonly from: string;
  readonly eventType: string;
  /** JSON text of the event. */
  readonly eventJson: string;
  /** Active leaf states after it, as in `work.running, door.open`. */
  readonly state: string;
  readonly damaged?: never;
}

/** There is nothing to tell but that it was there: its time may be wrong as well. */
export interface DamagedRowView {
  readonly seq: number;
  readonly damaged: true;
}

/** Which rows of its journal. Newest first. */
export interface JournalFilter {
  readonly machine: string;
  /** 1 to 1,000. */
  readonly limit: number;
  /** Only rows before this one: the next page. */
  readonly before?: number;
}

export interface LogOutcome {
  readonly direction: Direction;
  readonly id: string;
  readonly status: OutcomeStatus;
  readonly code?: ErrorCode;
}

/** Calls: one answer each. */
export interface Calls {
  node(input: Nothing): NodeView;
  messages(input: MessageFilter): readonly MessageView[];
  /** Rejects with MACHINE_UNKNOWN, NOT_A_MACHINE for other logic, PEER_OFFLINE. */
  chart(input: { readonly address: string }): Chart;
  /** What is wrong with this node, its networks and the way to its peers. Takes some three seconds. */
  doctor(input: Nothing): Diagnosis;
  /** In the name of this node. Rejects as `sendTo` of a node does. */
  send(input: { readonly to: string; readonly event: { readonly type: string } }): Outcome;
  /** Starts a machine of this node anew, from its beginning. Rejects with MACHINE_UNKNOWN, MACHINE_STOPPED where only its program can. */
  restart(input: { readonly machine: string; readonly fresh?: boolean }): Nothing;
  /** Stops a machine of this node until it is started anew. Rejects with MACHINE_UNKNOWN. */
  stop(input: { readonly machine: string }): Nothing;
  /** What a machine of this node did; empty where it has no journal. Rejects with MACHINE_UNKNOWN for one of another node. */
  journal(input: JournalFilter): readonly JournalRowView[];
  deadLetters(input: DeadLetterFilter): readonly DeadLetterView[];
  /** Each as a new envelope, and no letter any more, on disk when it resolves. What fails stays one. */
  retryDeadLetters(input: DeadLetterPlaces): {
    readonly retried: number;
    readonly failed: readonly { readonly place: number; readonly code: ErrorCode; readonly reason: string }[];
  };
  /** For good. */
  dropDeadLetters(input: DeadLetterPlaces): Nothing;
  /** What waits for a peer that will never return becomes dead letters, and it is known no more. Rejects with PEER_ALIVE, NODE_UNKNOWN. */
  forget(input: { readonly node: string }): { readonly letters: number };
  /** Rows that a search looks at one by one, as they are not indexed yet. */
  search(input: Nothing): { readonly behind: number };
  /** Newest first. */
  audit(input: { readonly limit: number; readonly before?: number }): readonly AuditView[];

  // Who may come in. `node` is an id. Each is on disk when it resolves.

  /** The secret of our network. Rejects with NETWORK_KEY_INVALID in an open one. */
  networkKey(input: Nothing): { readonly key: string };
  /** Rejects with NETWORK_KEY_INVALID, MEMBERS_UNDECIDED. */
  join(input: { readonly key: string; readonly bring?: Bring }): Nothing;
  rotate(input: Nothing): Nothing;
  trust(input: { readonly node: string }): Nothing;
  revoke(input: { readonly node: string }): Nothing;
  block(input: { readonly node: string }): Nothing;
  unblock(input: { readonly node: string }): Nothing;
  /** Opens a window in which digits are compared with this node. Rejects with NODE_UNKNOWN, PAIRING_BUSY, PAIRING_FAILED. */
  compareDigits(input: { readonly node: string }): Nothing;
  /** Opens a window that shows a code for whoever types it. Rejects with PAIRING_BUSY, PAIRING_FAILED. */
  showCode(input: Nothing): Nothing;
  /** Rejects with NODE_UNKNOWN, PAIRING_BUSY, PAIRING_FAILED, MEMBERS_UNDECIDED. */
  typeCode(input: { readonly node: string; readonly code: string; readonly bring?: Bring }): Nothing;
  /** The digits are the same. Rejects with PAIRING_FAILED, MEMBERS_UNDECIDED. */
  agree(input: { readonly bring?: Bring }): Nothing;
  endPairing(input: Nothing): Nothing;
}

/** Streams: items at most ten times a second, until either side ends it. */
export interface Streams {
  /** The whole list, whenever something of it changes. */
  peers(input: Nothing): readonly PeerView[];
  machines(input: Nothing): MachinesItem;
  /** The whole list, whenever something of it changes. */
  files(input: Nothing): FilesItem;
  log(input: Nothing): LogItem;
  /** The log, oldest row first; ends with its last row. */
  export(input: ExportInput): ExportItem;
  /** Copies the node's database to a file of its computer that is not there yet; one item, when it is there. Rejects with BACKUP_FAILED, READ_ONLY. */
  backup(input: { readonly file: string }): { readonly bytes: number };
  /** The newest state; states in between may be passed over. Ends when the machine does. */
  watch(input: { readonly address: string }): MachineLive;
  /** All of it, whenever something of it changes. Without pairing for those who may only look: a code is a secret. */
  trust(input: Nothing): TrustView;
}

/** Which rows of the log, and how they are written. */
export interface ExportInput {
  readonly format: 'jsonl' | 'csv';
  readonly machine?: MachineId;
  readonly node?: NodeId;
  readonly eventType?: string;
  readonly text?: string;
  /** When they were logged: wall clock of the node, milliseconds. */
  readonly since?: number;
  readonly until?: number;
}

/** A piece of the log as text. */
export interface ExportItem {
  readonly text: string;
  readonly rows: number;
  /** From 0 to 1. */
  readonly done: number;
}

/** An empty object: calls take one argument, so that they can grow. */
export type Nothing = Readonly<Record<string, never>>;

/** The same names as values; a missing one does not compile. Whoever may only look may not call those that act. */
export const CALLS: Readonly<Record<keyof Calls, 'looks' | 'acts'>> = {
  node: 'looks',
  messages: 'looks',
  chart: 'looks',
  doctor: 'looks',
  audit: 'looks',
  search: 'looks',
  journal: 'looks',
  deadLetters: 'looks',
  retryDeadLetters: 'acts',
  dropDeadLetters: 'acts',
  forget: 'acts',
  send: 'acts',
  restart: 'acts',
  stop: 'acts',
  networkKey: 'acts',
  join: 'acts',
  rotate: 'acts',
  trust: 'acts',
  revoke: 'acts',
  block: 'acts',
  unblock: 'acts',
  compareDigits: 'acts',
  showCode: 'acts',
  typeCode: 'acts',
  agree: 'acts',
  endPairing: 'acts',
};
