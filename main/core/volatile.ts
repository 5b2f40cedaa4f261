import type { Envelope, OutcomeStatus } from '../../shared/envelope.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { type NodeId, parseAddress } from '../../shared/ids.ts';
import type { Handled } from './host.ts';
import { pagesOf } from './pages.ts';
import { logRow, type Parcel, storedFrom } from './parcel.ts';
import type { Change, Clock, NewLogRow, Scheduler, StoredEnvelope } from './ports.ts';
import type { Verdict } from './receiving.ts';
import type { VolatileEnvelope, Volatile as VolatileFrame, VolatileOutcome, VolatileOutcomes } from './wire.ts';

export interface VolatileParts {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly isAlive: (peer: NodeId) => boolean;
  readonly send: (peer: NodeId, frame: VolatileFrame | VolatileOutcomes) => void;
  /** Returns false where the peer is behind with reading: then it is not sent. */
  readonly offer: (peer: NodeId, frame: VolatileFrame) => boolean;
  readonly admit: (peer: NodeId, envelope: StoredEnvelope, isAnswer: boolean) => Verdict;
  /** Not after the deadline, on our clock. */
  readonly deliver: (envelope: Envelope, deadline: number, handled: Handled) => void;
  /** An answer came. Returns whether somebody waited for it. */
  readonly answered: (envelope: Envelope) => boolean;
  /** Behind the traffic, with whatever is written next. */
  readonly record: (row: NewLogRow) => void;
  readonly change: (change: Change) => void;
  readonly outcome: (id: string, status: OutcomeStatus, code?: ErrorCode) => void;
}

type Kind = VolatileEnvelope['kind'];

/** At most once: what is stored nowhere before it goes. Questions, their answers, and what is worth nothing when it is late. */
export class Volatile {
  readonly #parts: VolatileParts;
  /** Sent in this turn, by peer. */
  readonly #leaving = new Map<NodeId, VolatileEnvelope[]>();
  /** Told at the end of this turn, by peer. */
  readonly #reports = new Map<NodeId, VolatileOutcome[]>();
  /** Sent, and the last word not heard: by id, the peer. */
  readonly #awaited = new Map<string, NodeId>();
  #flushPlanned = false;

  constructor(parts: VolatileParts) {
    this.#parts = parts;
  }

  /** To another node; its outcome is told through `outcome`. */
  send(parcel: Parcel, kind: Kind, ttlMs: number): void {
    const { record, clock, isAlive } = this.#parts;
    const peer = parseAddress(parcel.to).node;
    record(logRow(parcel, 'out', 'accepted', clock.wallTime()));
    this.#awaited.set(parcel.id, peer);
    if (!isAlive(peer)) return this.#settle(peer, [parcel.id, 'lost', 'PEER_OFFLINE']);
    const leaving = this.#leaving.get(peer) ?? [];
    leaving.push({ ...storedFrom(parcel), kind, ttlMs: Math.ceil(ttlMs) });
    this.#leaving.set(peer, leaving);
    this.#planFlush();
  }

  received(peer: NodeId, frame: VolatileFrame | VolatileOutcomes): void {
    if (frame.type === 'volatile') for (const envelope of frame.envelopes) this.#receive(peer, envelope);
    else for (const outcome of frame.of) if (this.#awaited.get(outcome[0]) === peer) this.#settle(peer, outcome);
  }

  /** What was under way to it is lost, or its report is. */
  disconnected(peer: NodeId): void {
    this.#leaving.delete(peer);
    this.#reports.delete(peer);
    for (const [id, to] of this.#awaited) if (to === peer) this.#settle(peer, [id, 'lost', 'PEER_OFFLINE']);
  }

  #receive(peer: NodeId, { kind, ttlMs, ...stored }: VolatileEnvelope): void {
    const { admit, record, clock, deliver, answered, change } = this.#parts;
    const report = (status: OutcomeStatus, code?: ErrorCode) => {
      change({ type: 'status', direction: 'in', id: stored.id, peer, status, ...(code && { code }) });
      this.#report(peer, code ? [stored.id, status, code] : [stored.id, status]);
    };
    const verdict = admit(peer, stored, kind === 'answer');
    if (verdict.verdict === 'refuse') {
      record({ ...logRow(verdict.parcel, 'in', 'refused', clock.wallTime()), code: verdict.code });
      return this.#report(peer, [stored.id, 'refused', verdict.code]);
    }
    const { event, ...envelope } = verdict.envelope;
    record(
      logRow({ ...envelope, eventType: event.type, eventJson: stored.eventJson }, 'in', 'delivered', clock.wallTime()),
    );
    if (kind === 'answer') return report(answered(verdict.envelope) ? 'handled' : 'ignored');
    const deadline = ttlMs === 0 ? Number.POSITIVE_INFINITY : clock.now() + ttlMs;
    deliver({ ...verdict.envelope, ...(kind === 'ask' && { isAsk: true }) }, deadline, report);
  }

  #report(peer: NodeId, outcome: VolatileOutcome): void {
    const reports = this.#reports.get(peer) ?? [];
    reports.push(outcome);
    this.#reports.set(peer, reports);
    this.#planFlush();
  }

  #settle(peer: NodeId, [id, status, code]: VolatileOutcome): void {
    this.#awaited.delete(id);
    this.#parts.change({ type: 'status', direction: 'out', id, peer, status, ...(code && { code }) });
    this.#parts.outcome(id, status, code);
  }

  #planFlush(): void {
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    this.#parts.scheduler.soon(() => this.#flush());
  }

  #flush(): void {
    this.#flushPlanned = false;
    for (const [peer, of] of this.#reports) this.#parts.send(peer, { type: 'volatileOutcomes', of });
    this.#reports.clear();
    const leaving = [...this.#leaving];
    this.#leaving.clear();
    for (const [peer, envelopes] of leaving) {
      for (const batch of pagesOf(envelopes)) {
        if (this.#parts.offer(peer, { type: 'volatile', envelopes: batch })) continue;
        for (const { id } of batch) this.#settle(peer, [id, 'lost', 'PEER_BUSY']);
      }
    }
  }
}
