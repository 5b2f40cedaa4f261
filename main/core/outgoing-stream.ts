import type { NodeId } from '../../shared/ids.ts';
import {
  MAX_BATCH_BYTES,
  MAX_OUTBOX_LENGTH,
  MAX_OUTBOX_ROWS,
  MAX_RESUME_EPOCHS,
  WINDOW_LENGTH,
  WINDOW_ROWS,
} from './defaults.ts';
import type { OutboxRow, StoredEnvelope } from './ports.ts';
import type { Ack, Messages, Resume } from './wire.ts';

interface Row extends OutboxRow {
  /** On disk, so that it may leave. */
  committed: boolean;
}

/** What was asked about an epoch on the present connection. */
interface Question {
  answered: boolean;
  /** The peer cannot have more of the epoch than this. */
  ceiling: number;
}

/** What waits for one peer, in the order in which it was accepted, and how far it went on the present connection. */
export class OutgoingStream {
  readonly #peer: NodeId;
  readonly #newEpoch: () => string;
  /** Rows before #head are acknowledged; those up to #unsent were sent on the present connection. */
  #rows: Row[];
  #head = 0;
  #unsent = 0;
  #length = 0;
  #sentLength = 0;
  #connected = false;
  readonly #questions = new Map<string, Question>();
  #epoch: string | undefined;
  #sequence = 0;

  constructor(peer: NodeId, stored: readonly OutboxRow[], newEpoch: () => string) {
    this.#peer = peer;
    this.#newEpoch = newEpoch;
    this.#rows = stored.map((row) => ({ ...row, committed: true }));
    for (const row of this.#rows) this.#length += lengthOf(row.envelope);
  }

  get waiting(): number {
    return this.#rows.length - this.#head;
  }

  get isFull(): boolean {
    return this.waiting >= MAX_OUTBOX_ROWS || this.#length >= MAX_OUTBOX_LENGTH;
  }

  /** Takes an envelope up behind all others; it leaves after `commit`. */
  add(envelope: StoredEnvelope): OutboxRow {
    const row = { peer: this.#peer, ...this.#nextPosition(), id: envelope.id, envelope, committed: false };
    this.#rows.push(row);
    this.#length += lengthOf(envelope);
    return row;
  }

  commit(row: OutboxRow): void {
    (row as Row).committed = true;
  }

  /** Nothing that is not on disk was ever promised: forget it, and never use its sequence numbers again. */
  dropUncommitted(): void {
    this.#rows = this.#rows.slice(this.#head).filter((row) => row.committed);
    this.#length = this.#rows.reduce((sum, row) => sum + lengthOf(row.envelope), 0);
    this.#head = 0;
    this.#epoch = undefined;
    this.disconnected();
  }

  connected(): void {
    this.disconnected();
    this.#connected = true;
  }

  disconnected(): void {
    this.#connected = false;
    this.#unsent = this.#head;
    this.#sentLength = 0;
    this.#questions.clear();
  }

  /**
   * Asks what the peer has of the epochs that were not asked about yet: no row of an epoch leaves before the answer.
   * The present epoch is asked about before it has rows, so that its first envelope need not wait.
   */
  resume(): Resume | undefined {
    if (!this.#connected) return undefined;
    const live: Record<string, number> = {};
    const asked: string[] = [];
    for (let at = this.#unsent; at < this.#rows.length; at++) {
      const row = this.#rows[at];
      if (!row?.committed) break;
      const question = this.#questions.get(row.epoch);
      if (question && !asked.includes(row.epoch)) continue;
      if (question) question.ceiling = row.sequence;
      else if (asked.length === MAX_RESUME_EPOCHS) break;
      else {
        this.#questions.set(row.epoch, { answered: false, ceiling: row.sequence });
        asked.push(row.epoch);
        live[row.epoch] = row.sequence;
      }
    }
    const { epoch, sequence } = this.#position();
    if (!this.#questions.has(epoch) && asked.length < MAX_RESUME_EPOCHS) {
      this.#questions.set(epoch, { answered: false, ceiling: sequence });
      asked.push(epoch);
      live[epoch] = sequence + 1;
    }
    return asked.length > 0 ? { type: 'resume', live } : undefined;
  }

  /**
   * The peer has everything of the epoch up to and with the mark. Returns the rows it had not acknowledged before, or
   * `undefined` when it claims something that it was never sent.
   */
  acknowledge({ epoch, mark }: Pick<Ack, 'epoch' | 'mark'>): readonly OutboxRow[] | undefined {
    const question = this.#questions.get(epoch);
    if (!question || mark > question.ceiling) return undefined;
    if (!question.answered) {
      question.answered = true;
      question.ceiling = mark;
    }
    const done: OutboxRow[] = [];
    for (
      let row = this.#rows[this.#head];
      row?.committed && row.epoch === epoch && row.sequence <= mark;
      row = this.#rows[this.#head]
    ) {
      done.push(row);
      this.#length -= lengthOf(row.envelope);
      if (this.#head++ < this.#unsent) this.#sentLength -= lengthOf(row.envelope);
    }
    this.#unsent = Math.max(this.#unsent, this.#head);
    this.#compact();
    return done;
  }

  /** The next batch that may leave now, strictly in order. */
  next(): Messages | undefined {
    const first = this.#rows[this.#unsent];
    const question = first && this.#questions.get(first.epoch);
    if (!this.#connected || !first || !question?.answered) return undefined;
    const envelopes: StoredEnvelope[] = [];
    let length = 0;
    for (
      let row = this.#rows[this.#unsent];
      row?.epoch === first.epoch && this.#mayLeave(row);
      row = this.#rows[this.#unsent]
    ) {
      const more = lengthOf(row.envelope);
      if (envelopes.length > 0 && length + more > MAX_BATCH_BYTES) break;
      envelopes.push(row.envelope);
      length += more;
      question.ceiling = row.sequence;
      this.#unsent++;
    }
    this.#sentLength += length;
    return envelopes.length > 0
      ? { type: 'messages', epoch: first.epoch, first: first.sequence, envelopes }
      : undefined;
  }

  #mayLeave(row: Row): boolean {
    return row.committed && this.#unsent - this.#head < WINDOW_ROWS && this.#sentLength < WINDOW_LENGTH;
  }

  /** Where the present epoch stands; opens it where there is none. */
  #position(): { readonly epoch: string; readonly sequence: number } {
    if (this.#epoch === undefined) {
      this.#epoch = this.#newEpoch();
      this.#sequence = 0;
    }
    return { epoch: this.#epoch, sequence: this.#sequence };
  }

  #nextPosition(): { readonly epoch: string; readonly sequence: number } {
    const { epoch } = this.#position();
    return { epoch, sequence: ++this.#sequence };
  }

  /** Acknowledged rows are let go in bulk, so that an acknowledgement costs what it acknowledges. */
  #compact(): void {
    if (this.#head < 1024 || this.#head * 2 < this.#rows.length) return;
    this.#rows = this.#rows.slice(this.#head);
    this.#unsent -= this.#head;
    this.#head = 0;
  }
}

/** UTF-16 units, near enough to bytes for limits. The label of an envelope takes about 200. */
const lengthOf = (envelope: StoredEnvelope): number => envelope.eventJson.length + 200;
