import { lengthOf, type Place, readLabel } from '../../shared/envelope-text.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { type DeliveryLimits, MAX_BATCH_BYTES } from './defaults.ts';
import type { OutboxRow } from './ports.ts';
import type { Ack, Messages, Resume, Skip } from './wire.ts';

/** An envelope in the outbox. Its sequence follows from its place in its epoch. */
export interface Waiting {
  readonly text: string;
  /** Milliseconds, on the node's own time. */
  readonly expiresAt: number;
  /** Why it will not be delivered. `isTold`: that is on disk, so that its place may be skipped. */
  gone?: { readonly code: ErrorCode; isTold: boolean };
}

/** What waits for a peer. */
export interface Backlog {
  readonly rows: number;
  /** Of their texts. */
  readonly length: number;
  /** Our wall clock when the oldest of them was sent; missing where none waits. */
  readonly oldestSentAt?: number;
  /** The peer is back: of what waited for it when it came, how many left and how many it has. Missing when it has all. */
  readonly syncing?: { readonly of: number; readonly sent: number; readonly acknowledged: number };
}

/** Consecutive envelopes of one epoch. */
export interface Run {
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
}

/** What became of rows that a peer acknowledged. */
export interface Acknowledged extends Run {
  readonly rows: readonly Waiting[];
}

/** The envelopes of one start of this node, and how far they are on the present connection. */
interface Epoch {
  readonly id: string;
  /** Sequence of rows[head]. */
  first: number;
  /** The last of which the disk knows that it was acknowledged. */
  settled: number;
  rows: Waiting[];
  head: number;
  /** The last that is in a page that was handed to the disk, and the last that is on it. */
  logged: number;
  committed: number;
  /** The last that ever left on a connection: whatever left may have arrived. Unknown of an earlier start: all of them. */
  written: number;
  /** Its peer will never return: it waits for its last rows to reach the disk, and goes. */
  isForgotten: boolean;
  /** On the present connection: up to where the peer takes it, once it has said so, and what was sent. */
  credit: number | undefined;
  sent: number;
  /** Acknowledged as refused, in order: the peer keeps those until it is told that they are on our disk. */
  refusals: readonly number[];
}

/** What waits for one peer, in the order in which it was accepted, and how far it went on the present connection. */
export class OutgoingStream {
  readonly #newEpoch: () => string;
  readonly #limits: DeliveryLimits;
  /** The oldest first; rows leave strictly in this order. */
  #epochs: Epoch[] = [];
  /** That of this start; opened with its first row, or when it is first asked about. */
  #present: Epoch | undefined;
  #waiting = 0;
  #length = 0;
  #sentRows = 0;
  #sentLength = 0;
  /** Refusals that the peer keeps, of all epochs. */
  #refusals = 0;
  #connected = false;
  /** Rows that waited when it connected, and how many of them it has. */
  #waitedFor = 0;
  #caughtUp = 0;
  /** Epochs that were asked about on the present connection. */
  readonly #asked = new Set<string>();
  /** No row expires before. */
  #nextExpiry = Number.POSITIVE_INFINITY;

  constructor(stored: readonly OutboxRow[], newEpoch: () => string, limits: DeliveryLimits) {
    this.#newEpoch = newEpoch;
    this.#limits = limits;
    for (const { epoch, sequence, text, gone } of stored) {
      const last = this.#epochs.at(-1);
      const of = last?.id === epoch ? last : this.#openEpoch(epoch, sequence);
      this.#push(of, { text, expiresAt: expiryOf(text), ...(gone && { gone: { code: gone, isTold: true } }) });
      of.logged = of.committed = of.written = sequence;
    }
  }

  get waiting(): number {
    return this.#waiting;
  }

  get backlog(): Backlog {
    const [oldest] = this.#epochs.flatMap((epoch) => rowAt(epoch, epoch.first) ?? []);
    const isSyncing = this.#connected && this.#caughtUp < this.#waitedFor;
    const sent = Math.min(this.#waitedFor, this.#caughtUp + this.#sentRows);
    return {
      rows: this.#waiting,
      length: this.#length,
      ...(oldest && { oldestSentAt: readLabel(oldest.text.slice(0, oldest.text.indexOf('\n'))).sentAt }),
      ...(isSyncing && { syncing: { of: this.#waitedFor, sent, acknowledged: this.#caughtUp } }),
    };
  }

  get isFull(): boolean {
    return this.#waiting >= this.#limits.outboxRows || this.#length >= this.#limits.outboxLength;
  }

  /** Where the next envelope will stand. */
  get next(): Place {
    const epoch = this.#presentEpoch();
    return { epoch: epoch.id, sequence: lastOf(epoch) + 1 };
  }

  // ---- The outbox

  /** Takes an envelope up behind all others; it leaves after its commit. */
  add(text: string, expiresAt: number): void {
    this.#push(this.#presentEpoch(), { text, expiresAt });
  }

  /** What was added since the last time, to be logged. */
  takeNew(): (Run & { readonly texts: readonly string[] }) | undefined {
    const epoch = this.#present;
    if (!epoch || epoch.logged === lastOf(epoch)) return undefined;
    const first = epoch.logged + 1;
    epoch.logged = lastOf(epoch);
    const texts = epoch.rows.slice(epoch.head + first - epoch.first).map((row) => row.text);
    return { epoch: epoch.id, first, last: epoch.logged, texts };
  }

  /** Everything of the epoch up to and with `last` is on disk, so that it may leave. */
  committed({ epoch, last }: Run): void {
    const of = this.#find(epoch);
    if (of) of.committed = Math.max(of.committed, last);
  }

  /**
   * Nothing that is not on disk was ever promised: forget it, and never use its sequence numbers again, so that whether
   * the disk has it need not be known.
   */
  dropUncommitted(): void {
    for (const epoch of this.#epochs)
      for (const row of waitingOf(epoch)) if (row.gone?.isTold === false) delete row.gone;
    this.#nextExpiry = 0;
    this.#present = undefined;
    for (const epoch of this.#epochs) {
      const kept = rowsBetween(epoch, epoch.first, epoch.committed);
      for (const row of waitingOf(epoch).slice(kept.length)) this.#forget(row);
      Object.assign(epoch, { rows: kept, head: 0, logged: epoch.committed });
    }
    this.#dropDone();
  }

  /**
   * Nothing that waits will ever leave, and its epochs are not named again. Returns what is to be told on disk; of epochs
   * with rows that are on their way there, `takeForgotten` follows.
   */
  forget(): readonly Acknowledged[] {
    this.#present = undefined;
    for (const epoch of this.#epochs) epoch.isForgotten = true;
    return this.takeForgotten();
  }

  /** Whole epochs: a crash must not leave the end of one, which its peer would take for all that is left of more. */
  takeForgotten(): readonly Acknowledged[] {
    const forgotten = this.#epochs.filter((epoch) => epoch.isForgotten && epoch.committed === lastOf(epoch));
    const acknowledged = forgotten.flatMap((epoch) => this.#acknowledge(epoch, epoch.committed));
    this.#dropDone();
    return acknowledged;
  }

  // ---- Time

  /**
   * Rows whose time is over and that cannot have arrived: of this start, and never written to a connection. Of all
   * others the peer must say first that it lacks them.
   */
  expire(now: number): readonly Run[] {
    const epoch = this.#present;
    if (now < this.#nextExpiry) return [];
    this.#nextExpiry = Number.POSITIVE_INFINITY;
    for (const one of this.#epochs)
      for (const row of waitingOf(one)) if (!row.gone) this.#nextExpiry = Math.min(this.#nextExpiry, row.expiresAt);
    if (!epoch) return [];
    const from = Math.max(epoch.written + 1, epoch.first);
    return runsOf(epoch, from, epoch.committed, (row) => !row.gone && row.expiresAt <= now);
  }

  /** Says why these rows will not be delivered; `isTold` of them follows when that is on disk. */
  setGone({ epoch, first, last }: Run, code: ErrorCode): readonly Waiting[] {
    const of = this.#find(epoch);
    const rows = of ? rowsBetween(of, first, last) : [];
    for (const row of rows) row.gone = { code, isTold: false };
    return rows;
  }

  goneIsTold({ epoch, first, last }: Run): void {
    const of = this.#find(epoch);
    for (const row of of ? rowsBetween(of, first, last) : []) if (row.gone) row.gone.isTold = true;
  }

  // ---- The present connection

  connected(): void {
    this.disconnected();
    this.#connected = true;
    this.#waitedFor = this.#waiting;
    this.#caughtUp = 0;
  }

  disconnected(): void {
    this.#connected = false;
    this.#sentRows = 0;
    this.#sentLength = 0;
    this.#asked.clear();
    for (const epoch of this.#epochs) Object.assign(epoch, { credit: undefined, sent: epoch.first - 1 });
  }

  /**
   * Asks what the peer has of the oldest epochs: no row of an epoch leaves before the answer. As they drain the next ones
   * are asked about. The present epoch is, where there is room, before it has rows, so that its first need not wait. Where much was refused, or
   * an epoch is at its end, what is named again says what is on our disk by now, so that the peer forgets it.
   */
  resume(): Resume | undefined {
    if (!this.#connected) return undefined;
    this.#presentEpoch();
    const live: Record<string, number> = {};
    let named = 0;
    for (const epoch of this.#epochs.slice(0, this.#limits.resumeEpochs)) {
      const isAsked = this.#asked.has(epoch.id);
      // Of what is before the first that we name, and of older epochs that we do not name, the peer forgets all: so a crash must not bring it back.
      if (!isAsked && (epoch.settled < epoch.first - 1 || epoch.isForgotten)) break;
      if (isAsked && !this.#hasToForget(epoch)) continue;
      this.#asked.add(epoch.id);
      this.#keepsRefusals(
        epoch,
        epoch.refusals.filter((sequence) => sequence > epoch.settled),
      );
      live[epoch.id] = epoch.settled + 1;
      named++;
    }
    if (named === 0) return undefined;
    this.#dropDone();
    return { type: 'resume', live };
  }

  /** Whether the peer keeps refusals that it need not keep, and that are worth a word. */
  #hasToForget(epoch: Epoch): boolean {
    const [first = Number.POSITIVE_INFINITY] = epoch.refusals;
    return first <= epoch.settled && (this.#isDrained(epoch) || this.#refusals >= this.#limits.refusalsKept);
  }

  #keepsRefusals(epoch: Epoch, refusals: readonly number[]): void {
    this.#refusals += refusals.length - epoch.refusals.length;
    epoch.refusals = refusals;
  }

  /**
   * The peer has everything of the epoch up to and with the mark. Returns the rows it had not acknowledged before, or
   * `undefined` when it claims what it was never sent. Of an earlier start it may know more than we do: we were restored.
   */
  acknowledge({ epoch, mark, credit, refused }: Omit<Ack, 'type'>): readonly Acknowledged[] | undefined {
    if (!this.#asked.has(epoch)) return undefined;
    const of = this.#find(epoch);
    // Drained, or forgotten.
    if (!of) return [];
    if (of === this.#present && mark > of.written) return undefined;
    of.credit = credit;
    const upTo = Math.min(mark, of.committed);
    const kept = refused.map(([sequence]) => sequence).filter((sequence) => sequence >= of.first && sequence <= upTo);
    if (kept.length > 0) this.#keepsRefusals(of, [...of.refusals, ...kept]);
    return this.#acknowledge(of, upTo);
  }

  /** It is on disk that the peer has everything of the epoch up to and with `last`. */
  settled(epoch: string, last: number): void {
    const of = this.#find(epoch);
    if (!of) return;
    of.settled = Math.max(of.settled, last);
    if (this.#isDone(of)) this.#dropDone();
  }

  /** What may leave now, strictly in order, or the rows that must be given up first. */
  pump(now: number): Messages | Skip | { readonly type: 'expired'; readonly run: Run } | undefined {
    const epoch = this.#connected ? this.#sending() : undefined;
    if (!epoch || epoch.credit === undefined) return undefined;
    // Our disk is behind: the peer would have to keep more and more.
    if (this.#refusals >= this.#limits.windowRows) return undefined;
    const first = epoch.sent + 1;
    const upTo = Math.min(epoch.committed, epoch.credit, epoch.sent + this.#limits.windowRows - this.#sentRows);
    if (first > upTo || this.#sentLength >= this.#limits.windowLength) return undefined;
    const row = rowAt(epoch, first);
    if (!row || row.gone?.isTold === false) return undefined;
    if (row.gone) return this.#skip(epoch, first, upTo, row.gone.code);
    if (row.expiresAt <= now) {
      const [run] = runsOf(epoch, first, upTo, (each) => !each.gone && each.expiresAt <= now);
      return run && { type: 'expired', run };
    }
    return this.#batch(epoch, first, upTo, now);
  }

  /** The oldest epoch with rows that did not leave yet. */
  #sending(): Epoch | undefined {
    return this.#epochs.find((epoch) => epoch.sent < epoch.committed && !epoch.isForgotten);
  }

  #batch(epoch: Epoch, first: number, upTo: number, now: number): Messages {
    const texts: string[] = [];
    let length = 0;
    for (let sequence = first; sequence <= upTo; sequence++) {
      const row = rowAt(epoch, sequence);
      if (!row || row.gone || row.expiresAt <= now) break;
      const more = lengthOf(row.text);
      if (texts.length > 0 && length + more > MAX_BATCH_BYTES) break;
      texts.push(row.text);
      length += more;
    }
    this.#sent(epoch, texts.length, length);
    return { type: 'messages', epoch: epoch.id, first, at: now, text: texts.join('\n') };
  }

  #skip(epoch: Epoch, first: number, upTo: number, code: ErrorCode): Skip {
    let last = first;
    while (last < upTo && rowAt(epoch, last + 1)?.gone?.isTold && rowAt(epoch, last + 1)?.gone?.code === code) last++;
    let length = 0;
    for (const row of rowsBetween(epoch, first, last)) length += lengthOf(row.text);
    this.#sent(epoch, last - first + 1, length);
    return { type: 'skip', epoch: epoch.id, first, last, code };
  }

  #sent(epoch: Epoch, rows: number, length: number): void {
    epoch.sent += rows;
    epoch.written = Math.max(epoch.written, epoch.sent);
    this.#sentRows += rows;
    this.#sentLength += length;
  }

  // ---- The table

  #acknowledge(epoch: Epoch, mark: number): readonly Acknowledged[] {
    const { first } = epoch;
    if (mark < first) return [];
    const rows = rowsBetween(epoch, first, mark);
    this.#caughtUp += rows.length;
    for (const [at, row] of rows.entries()) {
      this.#forget(row);
      if (first + at > epoch.sent) continue;
      this.#sentRows--;
      this.#sentLength -= lengthOf(row.text);
    }
    epoch.first = mark + 1;
    epoch.head += rows.length;
    epoch.sent = Math.max(epoch.sent, mark);
    compact(epoch);
    return [{ epoch: epoch.id, first, last: mark, rows }];
  }

  /** The peer has all of it, and nothing more is to come. */
  #isDrained(epoch: Epoch): boolean {
    return epoch !== this.#present && epoch.head === epoch.rows.length;
  }

  /** That is on disk, too, and the peer keeps nothing of it. */
  #isDone(epoch: Epoch): boolean {
    const isKept = epoch.refusals.length > 0 && !epoch.isForgotten;
    return this.#isDrained(epoch) && epoch.settled >= epoch.first - 1 && !isKept;
  }

  #dropDone(): void {
    for (const epoch of this.#epochs) if (this.#isDone(epoch)) this.#keepsRefusals(epoch, []);
    this.#epochs = this.#epochs.filter((epoch) => !this.#isDone(epoch));
  }

  #presentEpoch(): Epoch {
    this.#present ??= this.#openEpoch(this.#newEpoch(), 1);
    return this.#present;
  }

  #openEpoch(id: string, first: number): Epoch {
    const epoch: Epoch = {
      id,
      first,
      settled: first - 1,
      rows: [],
      head: 0,
      logged: first - 1,
      committed: first - 1,
      written: first - 1,
      isForgotten: false,
      credit: undefined,
      sent: first - 1,
      refusals: [],
    };
    this.#epochs.push(epoch);
    return epoch;
  }

  #find(id: string): Epoch | undefined {
    return this.#present?.id === id ? this.#present : this.#epochs.find((epoch) => epoch.id === id);
  }

  #push(epoch: Epoch, row: Waiting): void {
    epoch.rows.push(row);
    this.#waiting++;
    this.#length += lengthOf(row.text);
    this.#nextExpiry = Math.min(this.#nextExpiry, row.expiresAt);
  }

  #forget(row: Waiting): void {
    this.#waiting--;
    this.#length -= lengthOf(row.text);
  }
}

/** As its label says. */
const expiryOf = (text: string): number => readLabel(text.slice(0, text.indexOf('\n'))).expiresAt;

const lastOf = (epoch: Epoch): number => epoch.first + epoch.rows.length - epoch.head - 1;

const rowAt = (epoch: Epoch, sequence: number): Waiting | undefined => epoch.rows[epoch.head + sequence - epoch.first];

const waitingOf = (epoch: Epoch): readonly Waiting[] => epoch.rows.slice(epoch.head);

function rowsBetween(epoch: Epoch, first: number, last: number): Waiting[] {
  const from = Math.max(first, epoch.first);
  return epoch.rows.slice(epoch.head + from - epoch.first, Math.max(epoch.head, epoch.head + last + 1 - epoch.first));
}

/** The runs of consecutive rows that fit, from `first` to `last`. */
function runsOf(epoch: Epoch, first: number, last: number, fits: (row: Waiting) => boolean): readonly Run[] {
  const runs: { epoch: string; first: number; last: number }[] = [];
  for (let sequence = first; sequence <= last; sequence++) {
    const row = rowAt(epoch, sequence);
    if (!row || !fits(row)) continue;
    const run = runs.at(-1);
    if (run?.last === sequence - 1) run.last = sequence;
    else runs.push({ epoch: epoch.id, first: sequence, last: sequence });
  }
  return runs;
}

/** Acknowledged rows are let go in bulk, so that an acknowledgement costs what it acknowledges. */
function compact(epoch: Epoch): void {
  if (epoch.head < 1024 || epoch.head * 2 < epoch.rows.length) return;
  epoch.rows = epoch.rows.slice(epoch.head);
  epoch.head = 0;
}
