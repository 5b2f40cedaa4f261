import type { Direction, Envelope, MachineEvent, OutcomeStatus } from '../../shared/envelope.ts';
import type { ErrorCode, InterMachineError } from '../../shared/errors.ts';
import type { MachineId, NodeId } from '../../shared/ids.ts';

// ---- Time and turns ---------------------------------------------------------------------------

/** Time. Timers have XState's shape, so that one clock drives the node and its machines. */
export interface Clock {
  /** Milliseconds that only ever grow; for intervals and deadlines. */
  now(): number;
  /** Milliseconds since the Unix epoch; may jump. For people, never for decisions. */
  wallTime(): number;
  // XState's own signature: it hands the timer back to `clearTimeout` untouched.
  setTimeout(task: (...args: unknown[]) => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** Turns of the event loop. It knows nothing of time. */
export interface Scheduler {
  /** Runs `task` in a later turn, after timers and sockets had theirs. */
  soon(task: () => void): void;
}

// ---- Who is around -----------------------------------------------------------------------------

/** A host, as name or IP literal (IPv6 with its `%zone` where it needs one), and a TCP port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What one node tells everybody on the link about itself, before any trust. */
export interface Announcement {
  readonly node: NodeId;
  readonly name: string;
  /** Grows at every start of the node. */
  readonly incarnation: number;
  /** Grows whenever the machine types change. */
  readonly revision: number;
  /** Port of the transport. */
  readonly port: number;
  /** Digest of the namespace; nodes of another namespace are not sighted. */
  readonly namespace: string;
  readonly types: readonly string[];
}

/** What discovery saw: a hint where a node may be reached, never a proof that it lives or who it is. */
export interface Sighting {
  /** Missing where only an address was written down. */
  readonly node?: NodeId;
  readonly name?: string;
  readonly incarnation?: number;
  /** As advertised; the list that counts comes over the channel. */
  readonly types?: readonly string[];
  /** Best first. */
  readonly endpoints: readonly Endpoint[];
  /** The networks on which it was heard: two nodes heard on the same one hear each other. */
  readonly links?: readonly string[];
  readonly source: 'mdns' | 'static';
}

/** Told what a discovery sees; handed over at the start, so that nothing is missed. */
export interface DiscoveryReader {
  /**
   * A node appeared, or something that it announces changed. Told again, unchanged, only after `gone`. Where it is our own id, somebody
   * else announces it.
   */
  seen(sighting: Sighting): void;
  gone(node: NodeId, reason: 'goodbye' | 'expired'): void;
  /** A network came, went or changed, or the host slept: what could not be reached may be reached now. */
  networkChanged(): void;
  /** Something a person should know, such as a network that vanished. The discovery goes on by itself. */
  problem(message: string): void;
}

/** Says who is around, and tells the others about us. It never connects. */
export interface Discovery {
  start(self: Announcement, reader: DiscoveryReader): Promise<void>;
  /** Our types changed: tell the others at once. */
  announce(self: Announcement): void;
  /** While a known node is missing, look more often. */
  seek(missing: boolean): void;
  /** Says goodbye. May be called twice. */
  stop(): Promise<void>;
}

// ---- Lines to peers ------------------------------------------------------------------------------

/** One open line. Who is at its other end was proven by the transport; whether we trust it is not decided. */
export interface Connection {
  /** The node at the other end, proven by its certificate. */
  readonly peer: NodeId;
  /** Whether we dialled it. */
  readonly dialled: boolean;
  /** The other end, as seen from here. */
  readonly remote: Endpoint;
  /** 32 bytes that only the two ends of this very connection share. */
  readonly binding: Uint8Array;
  /** Bytes handed to `send` and not yet to the network. */
  readonly bufferedBytes: number;
  /** Order is kept. Ignored once closed. */
  send(frame: string): void;
  /** `closed` of the reader follows, once. May be called twice. */
  close(code: number, reason: string): void;
}

/** The single reader of a connection; given at birth, so that no frame is missed. */
export interface ConnectionReader {
  frame(text: string): void;
  /** Codes from 4000 are the protocol's (docs/protocol.md), the rest are those of WebSocket. */
  closed(code: number, reason: string): void;
}

export type Accept = (connection: Connection) => ConnectionReader;

export interface DialTarget {
  /** Refuse anybody else. Missing where only an address is known. */
  readonly node?: NodeId;
  /** Tried in order, each a little after the one before, until one opens. */
  readonly endpoints: readonly Endpoint[];
}

/** Opens lines to peers. It does not know what travels on them. */
export interface Transport {
  /** Whom `refuses` names is cut before it can say a word; whom `knows` does not name gets no place that others need. Throws PORT_IN_USE, PORT_UNUSABLE. */
  listen(
    accept: Accept,
    refuses?: (node: NodeId) => boolean,
    knows?: (node: NodeId) => boolean,
  ): Promise<{ readonly port: number }>;
  /**
   * Resolves once a connection was handed to `accept`; throws DIAL_FAILED with the reason of each endpoint, DIALLED_SELF where this node
   * itself answered, IDENTITY_COPIED where another one with its identity did.
   */
  dial(target: DialTarget, accept: Accept): Promise<void>;
  /** Whether an address that a peer told is one that may be dialled: of a single node, and of this host only where all of them are. */
  mayDial(host: string): boolean;
  /** Closes every connection with 4000. May be called twice. */
  stop(): Promise<void>;
}

// ---- Who we are, and who is one of us -----------------------------------------------------------

export type Role = 'dialler' | 'listener';

/** What a peer shows to be let in. */
export interface Proof {
  /** Which network key it was made with; short, tells nothing about the key. */
  readonly keyId: string;
  readonly mac: string;
}

/** The secret that the members of one network share. It cannot be logged or serialised by accident. */
export interface NetworkKey {
  /** Which key it is; tells nothing about the key. */
  readonly id: string;
  /** The secret itself, as a person copies it to another node. */
  reveal(): string;
  /** Made for one connection and one role, so that it cannot be replayed, relayed or sent back. Hex. */
  prove(connection: Pick<Connection, 'binding'>, role: Role): string;
  /** Compares in constant time. */
  accepts(connection: Pick<Connection, 'binding'>, role: Role, mac: string): boolean;
}

/** Who we are, and the secrets of networks. It opens nothing and trusts nobody. */
export interface Identity {
  readonly node: NodeId;
  newKey(): NetworkKey;
  /** Throws NETWORK_KEY_INVALID. */
  readKey(text: string): NetworkKey;
  readonly pairing: PairingMath;
}

/** Where a pairing happens: on one connection, between these two. */
export interface PairingScene extends Pick<Connection, 'binding'> {
  /** Whose person opened the window. */
  readonly opener: NodeId;
  readonly other: NodeId;
}

/** What two nodes compute while their people pair them. It keeps no state. */
export interface PairingMath {
  /** 32 random bytes, hex. */
  newNonce(): string;
  /** Fixes the opener's nonce and tells nothing of it. Hex. */
  commitmentTo(nonce: string, scene: PairingScene): string;
  /** Six digits that people compare. */
  digitsOf(openersNonce: string, othersNonce: string, scene: PairingScene): string;
  /** Eight digits that the opener shows. */
  newCode(): string;
  /** Slow on purpose, beside the event loop. Throws PAIRING_FAILED for what is no code. */
  codeSecret(code: string, opener: NodeId): Promise<bigint>;
  codeRun(secret: bigint, scene: PairingScene, isOpener: boolean): CodeRun;
}

/** One try to show each other that both know the code, without showing it. */
export interface CodeRun {
  /** For the other side. Hex. */
  readonly share: string;
  /** Our half of the proof. Throws PAIRING_FAILED for a share that is none. */
  confirm(theirShare: string): string;
  isConfirmedBy(theirs: string): boolean;
}

// ---- What is remembered -------------------------------------------------------------------------

/** Envelopes in one order, from one node to another, or between the machines of one node. */
export interface Stream {
  readonly direction: Direction;
  /** The node at the other end; our own for `local`. */
  readonly peer: NodeId;
  /** One start of the sending node: 16 hex digits, fresh at every start. */
  readonly epoch: string;
}

/** Where an envelope stands in the stream from one node to another. */
export interface StreamPosition {
  readonly peer: NodeId;
  readonly epoch: string;
  /** 1, 2, 3 … within its epoch. */
  readonly sequence: number;
}

/** Consecutive envelopes of one stream, logged in one go, as the text they are on the wire. */
export interface Page extends Stream {
  /** Sequence of the first of them. */
  readonly first: number;
  readonly count: number;
  /** Two lines for each: its label (shared/envelope-text.ts) and its event. */
  readonly text: string;
  /** Milliseconds from the clock of the labels to ours: with it, what expires when is known here. */
  readonly clockOffset: number;
  /** Our wall clock, milliseconds since the Unix epoch. */
  readonly loggedAt: number;
  /** Logged, and no more: nothing of it waits for a peer or a machine after a restart. */
  readonly volatile?: true;
}

/** One row of the message log. */
export interface LogRow extends Envelope {
  /** 1, 2, 3 … in the order in which rows were written; never that of another row. */
  readonly place: number;
  readonly direction: Direction;
  readonly status: OutcomeStatus;
  readonly code?: ErrorCode;
  /** Our wall clock, milliseconds since the Unix epoch. */
  readonly loggedAt: number;
}

/** A row of the log as it is told when it is on disk: the event is JSON text, as nobody may want to read it. */
export interface NewLogRow extends Omit<LogRow, 'event' | 'place'> {
  readonly eventType: string;
  readonly eventJson: string;
}

/** An envelope on the wire: its event stays JSON text, its machines are on the two nodes of the line. */
export interface StoredEnvelope {
  readonly id: string;
  readonly from: MachineId;
  readonly to: MachineId;
  readonly sentAt: number;
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly eventJson: string;
}

/** An accepted envelope that a peer does not have yet. */
export interface OutboxRow extends StreamPosition {
  /** Label and event, two lines. */
  readonly text: string;
  /** Why it will not be delivered: its place is still to be told to the peer. */
  readonly gone?: ErrorCode;
}

/** An envelope that is on disk and that its machine is not done with. */
export interface OpenRow extends Stream {
  readonly sequence: number;
  readonly text: string;
  readonly clockOffset: number;
}

/** How far a stream from a peer is on our disk. */
export interface Mark extends StreamPosition {
  /** Refusals that the peer may not have heard of. */
  readonly refused: readonly (readonly [sequence: number, code: ErrorCode])[];
}

/** What became of consecutive rows of one stream. */
export interface RowsStatus extends Stream {
  readonly first: number;
  readonly last: number;
  readonly status: OutcomeStatus;
  readonly code?: ErrorCode;
  /** Of volatile rows, whose ids do not follow from their places. */
  readonly ids?: readonly string[];
}

/** An envelope that will never be delivered, or that its machine could not take, with the reason. */
export interface DeadLetter extends Envelope {
  /** 1, 2, 3 …; never that of another. */
  readonly place: number;
  /** Whether it died on its way out, or here. */
  readonly direction: Direction;
  readonly reason: ErrorCode;
  /** Our wall clock, milliseconds since the Unix epoch. */
  readonly diedAt: number;
}

/** As it is written: the event is JSON text already. */
export interface NewDeadLetter extends Omit<DeadLetter, 'place' | 'event'> {
  readonly eventJson: string;
}

export interface NodeRow {
  readonly id: NodeId;
  readonly name: string;
  readonly incarnation: number;
  /** Wall clock, milliseconds. */
  readonly lastSeenAt: number;
  readonly endpoints: readonly Endpoint[];
}

export interface MachineRow {
  readonly node: NodeId;
  readonly id: MachineId;
  readonly type: string;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Of one of ours of which other nodes do not learn. */
  readonly expose?: 'node';
}

/** A node as a person judged it. */
export interface JudgedNode {
  readonly id: NodeId;
  readonly name: string;
  /** Wall clock, milliseconds. */
  readonly at: number;
}

/** Who may come in, as it must survive a restart. */
export interface TrustState {
  /** Network keys: ours first, then those that it replaced, newest first. */
  readonly keys: readonly { readonly secret: string; readonly replacedAt?: number }[];
  /** Ids of keys that this node gave up: whoever set it up with one of them is not obeyed again by accident. */
  readonly left: readonly string[];
  /** Nodes for which the keys that were replaced are worth nothing. */
  readonly without: readonly NodeId[];
  /** Trusted for their id alone, whatever key they have. */
  readonly trusted: readonly JudgedNode[];
  readonly blocked: readonly JudgedNode[];
}

/** What somebody did by hand. */
export interface NewAuditRow {
  /** Wall clock, milliseconds. */
  readonly at: number;
  /** Through what: a program, the dashboard, the command line; or another member, whose change of key we followed. */
  readonly by: string;
  /** In a word: `send`, `pair`, `block` … */
  readonly action: string;
  /** To which node or machine. */
  readonly subject: string;
  readonly detail: string;
}
export interface AuditRow extends NewAuditRow {
  /** 1, 2, 3 … in the order in which rows were written. */
  readonly place: number;
}

/** The state of a machine as it was left by the last of its steps that was committed. */
export interface SnapshotRow {
  readonly machine: MachineId;
  readonly snapshot: string;
}

/** `null` where the disk did not keep it. */
export type StoredSnapshot = Pick<SnapshotRow, 'machine'> & { readonly snapshot: string | null };

/** An event that the actor of a machine processed. */
interface JournalStep {
  readonly machine: MachineId;
  /** Our wall clock, milliseconds since the Unix epoch. */
  readonly at: number;
  /** The address of who sent it; else `start`, `timer`, `self`, `program`, or `child` and the id of the actor that it started. */
  readonly from: string;
  /** Of one that came in an envelope. */
  readonly envelopeId?: string;
  /** Somebody waited for the reply. */
  readonly isAsk?: true;
}

/** As it is written; its number follows from its place. */
export interface NewJournalRow extends JournalStep {
  readonly eventJson: string;
  readonly stateJson: string;
  /** What the machine was after it: where a replay can begin. */
  readonly snapshot?: { readonly snapshot: string; readonly definition: string; readonly chartJson: string };
}

export interface JournalRow extends JournalStep {
  /** 1, 2, 3 … for each machine. */
  readonly seq: number;
  readonly event: MachineEvent;
  /** The state's value after it; `null` of logic that is no machine. */
  readonly state: unknown;
  /** The disk did not keep it: what it says is not to be believed, and event and state are left out. */
  readonly damaged?: true;
}

export interface JournalQuery {
  readonly machine: MachineId;
  /** 100 unless told, 10,000 at most. */
  readonly limit?: number;
  /** The newest come first unless told. */
  readonly oldestFirst?: boolean;
  /** Only rows before this number. */
  readonly before?: number;
  /** Only rows after this number. */
  readonly after?: number;
}

export interface JournalSnapshot {
  /** Of the row after which it was taken. */
  readonly seq: number;
  readonly snapshot: string;
  /** Digest of the definition that it was made by. */
  readonly definition: string;
}

/** The node's own time and the wall clock, as they were together. */
export interface ClockRow {
  readonly time: number;
  readonly wallTime: number;
}

/** One step of a commit. A commit happens whole or not at all. */
export type StoredChange =
  /** A start of the node that the store belongs to. */
  | { readonly type: 'incarnation'; readonly incarnation: number; readonly node: NodeId }
  | ({ readonly type: 'clock' } & ClockRow)
  /** Log rows. Those from a peer move its mark; those to a peer wait for it. */
  | { readonly type: 'page'; readonly page: Page }
  /** A final status is the last word on a row. Interim ones follow from pages and acknowledgements, and change nothing. */
  | ({ readonly type: 'became' } & RowsStatus)
  /** The peer has everything of this epoch up to and with this sequence. */
  | ({ readonly type: 'acknowledged' } & StreamPosition)
  /** We have everything of this epoch up to and with this sequence, or never will. */
  | ({ readonly type: 'mark' } & StreamPosition)
  /** The peer knows our refusals up to and with this sequence. */
  | ({ readonly type: 'refusalsKnown' } & StreamPosition)
  | { readonly type: 'deadLetter'; readonly letter: NewDeadLetter }
  | { readonly type: 'deadLetterRemove'; readonly place: number }
  | { readonly type: 'node'; readonly row: NodeRow }
  /** With its machines. */
  | { readonly type: 'nodeRemove'; readonly node: NodeId }
  | { readonly type: 'machine'; readonly row: MachineRow }
  | { readonly type: 'trust'; readonly state: TrustState }
  | { readonly type: 'audit'; readonly row: NewAuditRow }
  | { readonly type: 'machineRemove'; readonly node: NodeId; readonly id: MachineId }
  | ({ readonly type: 'snapshot' } & SnapshotRow)
  | { readonly type: 'snapshotRemove'; readonly machine: MachineId }
  | ({ readonly type: 'journal' } & NewJournalRow)
  | { readonly type: 'journalRemove'; readonly machine: MachineId };

/** What became of one row, by the id of its envelope. The delivery knows where in the log it is. */
export interface RowOutcome {
  readonly direction: Direction;
  readonly id: string;
  readonly peer: NodeId;
  readonly status: OutcomeStatus;
  readonly code?: ErrorCode;
}

export type Change = StoredChange | ({ readonly type: 'status' } & RowOutcome);

/** What a node reads from its store when it starts. */
export interface StoreState {
  /** Whose it was at the start before this one; missing in a new store. */
  readonly node?: NodeId;
  /** Of the start before this one; 0 in a new store. */
  readonly incarnation: number;
  /** Missing in a new store. */
  readonly clock?: ClockRow;
  /** In the order in which it was accepted. */
  readonly outbox: readonly OutboxRow[];
  readonly marks: readonly Mark[];
  /** In the order in which they were logged. */
  readonly open: readonly OpenRow[];
  readonly nodes: readonly NodeRow[];
  readonly machines: readonly MachineRow[];
  /** Missing in a new store. */
  readonly trust?: TrustState;
  readonly snapshots: readonly StoredSnapshot[];
  /** What was found damaged and set aside: sentences for people. */
  readonly problems: readonly string[];
}

/** Which rows of the log; all conditions hold at once. */
export interface MessageQuery {
  /** 100 unless told, 10,000 at most. */
  readonly limit?: number;
  /** The newest come first unless told. */
  readonly oldestFirst?: boolean;
  readonly machine?: MachineId;
  readonly node?: NodeId;
  readonly eventType?: string;
  readonly direction?: Direction;
  /** Only rows before this place: the next page. */
  readonly before?: number;
  /** Only rows after this place: what is new. */
  readonly after?: number;
  /** Somewhere in the JSON text of the event; A–Z and a–z are the same. */
  readonly text?: string;
  /** About so many characters of events are enough, however few rows that are: what is larger comes with the next query. */
  readonly maxLength?: number;
}

export interface AuditQuery {
  /** 100 unless told, 10,000 at most. */
  readonly limit?: number;
  /** Only rows before this place: the next page. */
  readonly before?: number;
}

/** Which dead letters, newest first. */
export interface DeadLetterQuery {
  /** 100 unless told, 10,000 at most. */
  readonly limit?: number;
  /** Only those before this place: the next page. */
  readonly before?: number;
  readonly place?: number;
  /** Only those that were from or for this node. */
  readonly node?: NodeId;
  /** Only those that were from or for a machine of this id. */
  readonly machine?: MachineId;
  readonly reason?: ErrorCode;
}

/** Remembers what must survive. It never decides anything. */
export interface Store {
  /** Throws DATA_DIR_LOCKED, DATA_DIR_UNUSABLE, STORE_CORRUPT, STORE_NEWER. */
  open(): Promise<StoreState>;
  /**
   * Durable when it resolves; first in, first out. Throws STORE_FULL or STORE_FAILED, then for all that was queued behind it
   * too; STORE_BROKEN from then on for ever, when nobody knows what is on the disk.
   */
  commit(changes: readonly StoredChange[]): Promise<void>;
  /** The room for more is nearly used up, as the last commit saw it: nothing new should be accepted. */
  readonly isTight: boolean;
  /** STORE_BROKEN, where that was noticed behind the traffic: no commit is needed to be told. */
  readonly broken?: InterMachineError | undefined;
  messages(query: MessageQuery): Promise<readonly LogRow[]>;
  /** Newest first: of what people did, the last 10,000 are kept. */
  audit(query: AuditQuery): Promise<readonly AuditRow[]>;
  deadLetters(query: DeadLetterQuery): Promise<readonly DeadLetter[]>;
  journal(query: JournalQuery): Promise<readonly JournalRow[]>;
  /** The newest one that is not after this row. Rejects with JOURNAL_DAMAGED where the disk did not keep it. */
  journalSnapshot(machine: MachineId, seq: number): Promise<JournalSnapshot | undefined>;
  /** The texts of rows of a stream, in order; shorter where some are not in the log. */
  texts(of: Stream, first: number, last: number): Promise<readonly string[]>;
  /** A copy of its own, as everything is at the moment, in a file that is not there yet. Rejects with BACKUP_FAILED. */
  backupTo(file: string): Promise<{ readonly bytes: number }>;
  /** Rows that were not indexed yet when that was looked at last: a search finds them too, one by one. */
  readonly searchBehind: number;
  /** Waits for what was committed. May be called twice. */
  close(): Promise<void>;
}

export type { Direction, MachineEvent };
