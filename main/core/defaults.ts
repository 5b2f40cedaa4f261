/** Every number the core goes by, with its unit and its reason. */

/** The protocol's version, in `hello` and in every announcement; peers of another version are told so. */
export const PROTOCOL_VERSION = 1;

// ---- Lines to peers -------------------------------------------------------------------------------

/** How patient a node is with its peers. All in milliseconds. */
export interface Timings {
  /** A line on which we sent nothing for so long carries a ping. Any frame counts as a sign of life. */
  readonly heartbeatMs: number;
  /** So long without a frame from the peer, and the line is given up and dialled again. */
  readonly silenceMs: number;
  /** So long without a sign of life, and a peer counts as offline. */
  readonly offlineMs: number;
  /** From the open line to its `hello`, and from there to `welcome`. */
  readonly greetingMs: number;
  /** First redial; doubles up to the ceiling, each with full jitter, for ever. */
  readonly redialFirstMs: number;
  readonly redialCeilingMs: number;
  /** The ceiling for a peer that could not be reached for some minutes. */
  readonly redialAwayMs: number;
  /** The ceiling for a peer whose line opens and breaks again and again. */
  readonly redialUnstableMs: number;
  /** A line that holds so long is no unstable one. */
  readonly stableMs: number;
  /** The node with the smaller id dials at once, the other one only if nothing came in this span. */
  readonly lateDialMinMs: number;
  readonly lateDialMaxMs: number;
  /** A node that does not trust us, that we do not trust, or that was never reached, is dialled again this seldom. */
  readonly strangerRedialMs: number;
  /** What was learned of peers is gathered for so long before it is told to the other ones. */
  readonly exchangeMs: number;
}

/** A cut cable is noticed by silence alone: three heartbeats missed. Redials are far below what a person waits. */
export const TIMINGS: Timings = {
  heartbeatMs: 1_000,
  silenceMs: 3_000,
  offlineMs: 8_000,
  greetingMs: 10_000,
  redialFirstMs: 500,
  redialCeilingMs: 4_000,
  redialAwayMs: 60_000,
  redialUnstableMs: 30_000,
  stableMs: 30_000,
  lateDialMinMs: 300,
  lateDialMaxMs: 600,
  strangerRedialMs: 300_000,
  exchangeMs: 2_000,
};

/** How much a node takes on. */
export interface Limits {
  /** Lines that may be open at once, dialled and accepted. */
  readonly connections: number;
  /** Peers dialled at the same time. */
  readonly dials: number;
}

/** 512 lines stay far from the usual 1,024 files of a process. Without a cap on dials 20 nodes that start together made 566 accepts for 190 links. */
export const LIMITS: Limits = { connections: 512, dials: 6 };

/** A tick of ours that comes later than this means that we slept, not that the peers did: deadlines start anew. */
export const SLEPT_AFTER_MS = 1_000;
/** Failed dials in a row, some five minutes of them, after which a peer is away. */
export const AWAY_AFTER_DIALS = 100;
/** Failed dials in a row after which somebody who was never reached is left in peace, unless it is sighted anew. */
export const STRANGER_AFTER_DIALS = 10;
/** Lines that broke young, one after the other; then the peer is unstable. */
export const UNSTABLE_AFTER_BREAKS = 3;
/** Nodes that were never proven and are remembered all the same; then the one sighted longest ago is forgotten (SECURITY: M5). */
export const MAX_STRANGERS = 1_000;
/** Endpoints of one peer that are kept in mind. */
export const MAX_ENDPOINTS = 8;
/** Peers told in one `peers` frame, and taken from one. */
export const MAX_EXCHANGED = 50;
/** Told to all peers together in one round, of which there is one in two seconds: some 250 KiB a second, however many there are. */
export const MAX_EXCHANGED_AT_ONCE = 5_000;

// ---- Trust ----------------------------------------------------------------------------------------

/** So long a key that was replaced lets those in who were known before: longer than a holiday. */
export const KEY_OVERLAP_MS = 30 * 24 * 3_600_000;
/** Keys that were replaced and are kept for that; of more, those go first that were in use for the shortest time. */
export const MAX_REPLACED_KEYS = 16;
/** So often other members may give the network a fresh key: whoever does it without end keeps all busy. */
export const KEYS_FROM_OTHERS = { burst: 8, everyMs: 1_000 } as const;
/** Keys of networks that were left, and nodes for which replaced keys are worth nothing: as many are remembered. */
export const MAX_LEFT_KEYS = 64;
export const MAX_WITHOUT = 256;
/** Strangers that reached us and wait for a person. */
export const MAX_PENDING = 64;
/** A stranger that has not knocked for so long is forgotten: twice the time after which an honest one knocks again. */
export const PENDING_FOR_MS = 2 * TIMINGS.strangerRedialMs;
/** New strangers that are remembered at once, and one more in each such span: a flood cannot wash the honest ones out. */
export const PENDING_BURST = 16;
export const PENDING_EVERY_MS = 2_000;
/** A person has so long to pair two nodes. */
export const PAIRING_WINDOW_MS = 120_000;
/** Wrong codes; then the window closes: 5 in 10^8. */
export const MAX_WRONG_CODES = 5;
/** Pairings that one stranger, or all at one address, may ask for at once, and one more in each such span: people cannot read faster. */
export const PAIRING_BURST = 5;
export const PAIRING_EVERY_MS = 10_000;
/** Strangers and addresses for which that is counted. */
export const MAX_ALLOWANCES = 1_000;
/** A step of the dialogue that the other machine takes by itself; one in which its disk writes, too, has longer: then the key is out already. */
export const PAIRING_STEP_MS = 5_000;
export const PAIRING_DISK_MS = 15_000;
/** Lines that are there to pair and did not come to the point yet. */
export const MAX_SILENT_PAIRING_LINES = 16;
/** What came of a pairing is told so long. */
export const PAIRING_RESULT_MS = 60_000;
/** That our key may be with a stranger is told longer, if nobody takes note of it. */
export const PAIRING_WARNING_MS = 600_000;

// ---- Frames ---------------------------------------------------------------------------------------

/** Bytes of one frame; the transport refuses more. */
export const MAX_FRAME_BYTES = 1024 * 1024;
/** Levels of brackets in a frame: a chart of 64 levels of states has two for each, and two around it. */
export const MAX_FRAME_DEPTH = 130;
/** Bytes of one envelope: one fits into a frame with its header. */
export const MAX_ENVELOPE_BYTES = MAX_FRAME_BYTES - 4 * 1024;
/** Length of one frame of somebody who proved nothing yet: a greeting with four proofs has below 1,000. */
export const MAX_UNPROVEN_LENGTH = 16 * 1024;
/** Frames of somebody who proved nothing yet, and one more in each such span: a pairing takes five and two heartbeats a second. */
export const UNPROVEN_BURST = 32;
export const UNPROVEN_EVERY_MS = 100;
/** Envelopes are gathered into one frame up to here: past 64 KiB a frame is no faster and only delays heartbeats. */
export const MAX_BATCH_BYTES = 64 * 1024;

/** Characters of an event that was refused that its receiver keeps in the log: enough to see what it was. Its sender has all of it. */
export const MAX_REFUSED_LENGTH = 1_000;

// ---- Delivery -------------------------------------------------------------------------------------

/** What one node holds for its peers and its machines at the most. Lengths are UTF-16 units, so at least bytes for plain ASCII. */
export interface DeliveryLimits {
  /** Envelopes, and their length, that wait for one peer; then OUTBOX_FULL. */
  readonly outboxRows: number;
  readonly outboxLength: number;
  /** Envelopes, and their length, sent on one connection and not yet acknowledged. */
  readonly windowRows: number;
  readonly windowLength: number;
  /** Epochs that are asked about at one time, the oldest first: keeps it small for a sender that restarts in a loop. */
  readonly resumeEpochs: number;
  /** Envelopes that a peer refused, after which it is told to forget those that are known here for good. */
  readonly refusalsKept: number;
  /** Refusals that are kept for a peer which does not say that it knows of them; then its line is closed. */
  readonly refusalsOpen: number;
  /** Envelopes of one peer, and their length, that are with machines which have not handled them; then it gets no more credit. */
  readonly inHandRows: number;
  readonly inHandLength: number;
  /** Envelopes that wait for one machine; then it is busy. */
  readonly waitingRows: number;
  /** Length of all that waits for machines of this node; then they are busy. */
  readonly waitingLength: number;
  /** Milliseconds that an envelope has to reach its machine, unless told otherwise. */
  readonly ttlMs: number;
}

/** Envelopes that wait for one machine; then it is busy. */
export const MAX_WAITING = 10_000;
/** A week: a machine that was switched off over a long holiday still gets what was sent. */
export const TTL_MS = 7 * 86_400_000;
/** The longest that an envelope may live. Below it marks must not be forgotten, or it could be delivered twice. */
export const MAX_TTL_MS = 365 * 86_400_000;

export const DELIVERY_LIMITS: DeliveryLimits = {
  outboxRows: 20_000,
  outboxLength: 64 * 1024 * 1024,
  windowRows: 4_096,
  windowLength: 1024 * 1024,
  resumeEpochs: 64,
  refusalsKept: 1_024,
  // Twice what a sender of ours leaves open: it stops where its disk does not know of as many as a window has, and has one more window under way.
  refusalsOpen: 16_384,
  // Some 10 ms of work: half of it is handled while the other half is on its way. More adds little to the throughput, and others wait behind it.
  inHandRows: 2_048,
  inHandLength: 8 * 1024 * 1024,
  waitingRows: MAX_WAITING,
  waitingLength: 64 * 1024 * 1024,
  ttlMs: TTL_MS,
};

/** Epochs named in one `resume` that a peer may send. */
export const MAX_RESUME_EPOCHS = DELIVERY_LIMITS.resumeEpochs;
/** Changes that are kept while the disk refuses them; the oldest go first, as they can be learned again. Those that something waits for stay. */
export const MAX_FACTS_KEPT = 10_000;
/** After a start, machines that the node knows are waited for so long: what comes for them takes the credit of its peers, instead of being refused. */
export const MACHINES_START_WITHIN_MS = 30_000;
/** Deadlines, and a full disk, are looked at this often. */
export const DELIVERY_TICK_MS = 1_000;
/** A wall clock that moved by more than this against ours was set: deadlines stay where they were. */
export const CLOCK_JUMP_MS = 3_600_000;

// ---- Machines -------------------------------------------------------------------------------------

/** The machines of a node get at most this long in one turn, so that timers and heartbeats stay on time, and peers learn soon that they may send more. */
export const RUN_SLICE_MS = 2;
/** Microsteps in one step; an endless `always` or `raise` becomes an error of its machine. */
export const MAX_ITERATIONS = 10_000;
/** How often a machine gets an event at which it fails. */
export const MAX_ATTEMPTS = 3;
/** A machine that fails begins anew after this; doubles with each failure of the last minute, up to the ceiling. */
export const RESTART_FIRST_MS = 100;
export const RESTART_CEILING_MS = 10_000;
/** A machine that fails more often than this within the span is parked: it will not get better by itself. */
export const MAX_RESTARTS = 10;
export const RESTARTS_WITHIN_MS = 60_000;
/** Failures of a machine that are remembered and shown. */
export const MAX_FAILURES_KEPT = 20;
/** Characters of one value that a machine writes with `log`. */
export const MAX_LOGGED_LENGTH = 10_000;
/** Rows a query of the log returns unless told otherwise, and at the most. */
export const MESSAGES_DEFAULT = 100;
export const MESSAGES_MAX = 10_000;
/** Events after which a journal has a snapshot of its machine: a replay has no more to do, some milliseconds of it. */
export const JOURNAL_SNAPSHOT_EVERY = 200;
/** Characters of events and states after which it has one all the same, where the last one was not longer: what a replay needs stays small, and snapshots are half of a journal at the most. */
export const JOURNAL_SNAPSHOT_EVERY_LENGTH = 1024 * 1024;
/** Rows of one machine's journal that are kept at the most; the oldest go first, up to a snapshot to begin from. */
export const JOURNAL_ROWS_MAX = 10_000;
/** Rows that are left when a journal is shortened, which happens when it has another snapshot. */
export const JOURNAL_ROWS_KEPT = JOURNAL_ROWS_MAX - JOURNAL_SNAPSHOT_EVERY;
/** Bytes of one machine's journal, snapshots included, that are left then: a sixteenth of what the log may take, so that no machine fills the store alone. */
export const JOURNAL_BYTES_KEPT = 64 * 1024 * 1024;
/** Rows of what people did that are kept: years of them, and no script fills the disk. */
export const AUDIT_ROWS_MAX = 10_000;

// ---- Looking at machines --------------------------------------------------------------------------

/** A watched machine is shown at most this often: faster than an eye follows. */
export const WATCH_THROTTLE_MS = 50;
/** Metadata of one machine, and its length with the names: each node keeps it for each machine that it knows. */
export const MAX_METADATA_ENTRIES = 50;
export const MAX_METADATA_LENGTH = 4_096;
/** Machines of one peer that are known here; each is kept in memory and on disk. */
export const MAX_MACHINES_OF_PEER = 20_000;
/** Machines that one peer monitors here: more than a program follows, little enough to keep. */
export const MAX_MONITORS = 10_000;
/** Machines that one peer watches here, each of which costs up to 20 snapshots a second: more than any screen shows. */
export const MAX_WATCHES = 500;
/** The states of all machines, for lists. */
export const STATES_THROTTLE_MS = 100;
/** Charts for which one peer waits here, because it reads slower than it asks; of more it is told at once that there is no room. */
export const MAX_QUESTIONS = 1_000;
/** For a machine's chart from its node. */
export const DESCRIBE_TIMEOUT_MS = 10_000;
/** A line with more than this under way gets no snapshots: whoever reads it is behind anyhow. */
export const CONGESTED_BYTES = 1024 * 1024;
/** A line with more than this under way is given up: whoever is on it asks, and does not read. All that an honest node is sent at once, its machines and their states, is far less. */
export const MAX_UNREAD_BYTES = 64 * 1024 * 1024;
/** The same before a line is open, when a greeting and some answers are all there is. */
export const MAX_UNREAD_GREETING_BYTES = 256 * 1024;

// ---- Finding and asking ---------------------------------------------------------------------------

/** A machine that beats by itself counts as healthy for so long after its last beat, as in XStateNet-IM. */
export const HEALTHY_FOR_MS = 30_000;
/** For machines of a type to appear. */
export const WAIT_TIMEOUT_MS = 10_000;
/** For the answer to a question from machine to machine. */
export const ASK_TIMEOUT_MS = 10_000;
/** For the states of machines on other nodes, when one is chosen by its state for the first time. */
export const STATES_TIMEOUT_MS = 1_000;
/** Types whose machines are chosen by their state, for each node: they are told to every peer. */
export const MAX_INTEREST_TYPES = 1_000;
/** Milliseconds a question may stay open: what a timer of JavaScript can hold. */
export const MAX_ASK_TIMEOUT_MS = 2 ** 31 - 1;
