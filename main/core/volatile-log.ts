import { isFinal } from '../../shared/envelope.ts';
import { encodeLabel } from '../../shared/envelope-text.ts';
import { type NodeId, partsOf } from '../../shared/ids.ts';
import { MAX_BATCH_BYTES } from './defaults.ts';
import { textPagesOf } from './log-pages.ts';
import type { NewLogRow, Page, RowOutcome, RowsStatus, StoredChange, Stream } from './ports.ts';

/** Rows whose outcome is still to come; beyond that the oldest keep the status they have. */
const MAX_OPEN = 10_000;

interface Writing {
  readonly stream: Stream;
  last: number;
  texts: string[];
  became: RowsStatus[];
}

/** Rows of the log that go with no stream: they are written behind the traffic, and nothing waits for them after a restart. */
export class VolatileLog {
  readonly #epoch: string;
  readonly #wallTime: () => number;
  readonly #streams = new Map<string, Writing>();
  /** Where the rows are whose outcome is not known yet, by their id. */
  readonly #open = new Map<string, { readonly of: Writing; readonly sequence: number }>();

  constructor(epoch: string, wallTime: () => number) {
    this.#epoch = epoch;
    this.#wallTime = wallTime;
  }

  add(row: NewLogRow): void {
    const [from, to] = [partsOf(row.from), partsOf(row.to)];
    const peer = row.direction === 'in' ? from.node : to.node;
    const of = this.#stream(row.direction, peer);
    const { id, sentAt, correlationId, causationId } = row;
    const label = encodeLabel({
      from: from.machine,
      to: to.machine,
      sentAt,
      expiresAt: 0,
      id,
      ...(correlationId !== undefined && { correlationId }),
      ...(causationId !== undefined && { causationId }),
    });
    of.texts.push(`${label}\n${row.eventJson}`);
    const sequence = ++of.last;
    if (isFinal(row.status)) addStatus(of, sequence, row);
    else this.#remember(keyOf(row.direction, peer, id), of, sequence);
  }

  became(outcome: RowOutcome): void {
    const key = keyOf(outcome.direction, outcome.peer, outcome.id);
    const row = this.#open.get(key);
    if (!row || !isFinal(outcome.status)) return;
    this.#open.delete(key);
    addStatus(row.of, row.sequence, outcome);
  }

  /** What is to be written since the last time. */
  take(): readonly StoredChange[] {
    const changes: StoredChange[] = [];
    for (const of of this.#streams.values()) {
      for (const page of this.#pages(of)) changes.push({ type: 'page', page });
      for (const run of of.became) changes.push({ type: 'became', ...run });
      of.became = [];
    }
    return changes;
  }

  *#pages(of: Writing): Iterable<Page> {
    const { texts } = of;
    of.texts = [];
    const common = { ...of.stream, clockOffset: 0, loggedAt: this.#wallTime(), volatile: true as const };
    for (const page of textPagesOf(of.last - texts.length + 1, texts, MAX_BATCH_BYTES)) yield { ...common, ...page };
  }

  #stream(direction: Stream['direction'], peer: NodeId): Writing {
    const key = `${direction} ${peer}`;
    const known = this.#streams.get(key);
    if (known) return known;
    const of: Writing = {
      stream: { direction, peer, epoch: this.#epoch },
      last: 0,
      texts: [],
      became: [],
    };
    this.#streams.set(key, of);
    return of;
  }

  #remember(key: string, of: Writing, sequence: number): void {
    this.#open.set(key, { of, sequence });
    if (this.#open.size <= MAX_OPEN) return;
    for (const oldest of this.#open.keys()) {
      this.#open.delete(oldest);
      return;
    }
  }
}

/** Mostly it goes on where the last one ended, and is the same. */
function addStatus(
  of: Writing,
  sequence: number,
  { id, status, code }: Pick<RowOutcome, 'id' | 'status' | 'code'>,
): void {
  const run = of.became.at(-1);
  if (run?.last === sequence - 1 && run.status === status && run.code === code)
    of.became[of.became.length - 1] = { ...run, last: sequence, ids: [...(run.ids ?? []), id] };
  else of.became.push({ ...of.stream, first: sequence, last: sequence, status, ...(code && { code }), ids: [id] });
}

const keyOf = (direction: string, peer: NodeId, id: string): string => `${direction} ${peer} ${id}`;
