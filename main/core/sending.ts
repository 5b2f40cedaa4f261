import type { OutcomeStatus } from '../../shared/envelope.ts';
import { linesOf, type Place, positionId, readLabel } from '../../shared/envelope-text.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import { addressOf, type NodeId, partsOf } from '../../shared/ids.ts';
import { CLOSE } from './close-codes.ts';
import { MAX_BATCH_BYTES, MAX_TTL_MS } from './defaults.ts';
import type { DeliveryTurn } from './delivery-turn.ts';
import { Labels } from './labels.ts';
import { textPagesOf } from './log-pages.ts';
import { type Acknowledged, type Backlog, OutgoingStream, type Run, type Waiting } from './outgoing-stream.ts';
import type { Parcel } from './parcel.ts';
import type { OutboxRow } from './ports.ts';
import type { Ack, OutcomeReport } from './wire.ts';

interface Peer {
  readonly outgoing: OutgoingStream;
  /** Up to where it has acknowledged each epoch, and the sum: only of those rows it may tell what became of them, once. */
  readonly acknowledged: Map<string, number>;
  acknowledgedRows: number;
  /** Rows of which it told that on this connection. */
  heardRows: number;
}

export interface SendingParts {
  readonly self: NodeId;
  readonly stored: readonly OutboxRow[];
  readonly newEpoch: () => string;
  readonly turn: DeliveryTurn;
}

/** What this node's machines send to those of other nodes, until the peers have it. */
export class Sending {
  readonly #parts: SendingParts;
  readonly #peers = new Map<NodeId, Peer>();
  readonly #labels = new Labels();

  constructor(parts: SendingParts) {
    this.#parts = parts;
    for (const { peer } of parts.stored) this.#peer(peer);
  }

  waiting(peer: NodeId): number {
    return this.#peers.get(peer)?.outgoing.waiting ?? 0;
  }

  backlog(peer: NodeId): Backlog {
    return this.#peers.get(peer)?.outgoing.backlog ?? { rows: 0, length: 0 };
  }

  /** Of the next envelope to a node. */
  nextPlace(peer: NodeId): Place {
    return this.#peer(peer).outgoing.next;
  }

  /** Throws OUTBOX_FULL. */
  send(parcel: Parcel): void {
    const { node: peer, machine: to } = partsOf(parcel.to);
    const { outgoing } = this.#peer(peer);
    if (outgoing.isFull) {
      throw new InterMachineError(
        'OUTBOX_FULL',
        `${outgoing.waiting} envelopes already wait for node ${peer}: it is away, or slower than its senders`,
      );
    }
    const { turn } = this.#parts;
    const expiresAt = turn.now() + Math.min(parcel.ttlMs ?? turn.limits.ttlMs, MAX_TTL_MS);
    outgoing.add(`${this.#labels.of(parcel, to, expiresAt)}\n${parcel.eventJson}`, expiresAt);
  }

  // ---- What the peer says

  acknowledged(peer: NodeId, ack: Ack): void {
    const state = this.#peer(peer);
    const done = state.outgoing.acknowledge(ack);
    if (!done) return this.#close(peer, CLOSE.badFrame, 'acknowledges what was never sent');
    const refused = new Map(ack.refused);
    for (const run of done) this.#settle(peer, state, run, refused);
    this.#stream(peer, state.outgoing);
  }

  /** The last word on envelopes that it acknowledged. Best effort: what it does not tell stays `delivered`. */
  heardOutcomes(peer: NodeId, { epoch, of }: OutcomeReport): void {
    const state = this.#peer(peer);
    for (const [first, last, status, code] of of) {
      // Acknowledged on a connection that was cut, or to an earlier start of this node.
      if (last > (state.acknowledged.get(epoch) ?? 0)) continue;
      state.heardRows += last - first + 1;
      if (state.heardRows > state.acknowledgedRows)
        return this.#close(peer, CLOSE.badFrame, 'tells more than once what became of an envelope');
      this.#became(peer, { epoch, first, last }, status, code);
      this.#tell(peer, { epoch, first, last }, status, code);
    }
  }

  // ---- Time, and what a person decides

  expire(now: number): void {
    for (const [peer, { outgoing }] of this.#peers)
      for (const run of outgoing.expire(now)) this.#giveUp(peer, run, 'ENVELOPE_EXPIRED');
  }

  /** Lets go of all that waits for a peer which will never return. */
  forget(peer: NodeId): void {
    const { outgoing } = this.#peer(peer);
    this.#log(peer, outgoing);
    this.#forgotten(peer, outgoing.forget());
  }

  // ---- Connections, and the end of a turn

  connected(peer: NodeId): void {
    const state = this.#peer(peer);
    state.heardRows = 0;
    state.outgoing.connected();
  }

  disconnected(peer: NodeId): void {
    this.#peer(peer).outgoing.disconnected();
  }

  flush(): void {
    for (const [peer, { outgoing }] of this.#peers) {
      this.#log(peer, outgoing);
      this.#stream(peer, outgoing);
    }
  }

  /** What was sent in this turn joins its commit. */
  log(): void {
    for (const [peer, { outgoing }] of this.#peers) this.#log(peer, outgoing);
  }

  failed(): void {
    for (const [peer, { outgoing }] of this.#peers) {
      outgoing.dropUncommitted();
      this.#forgotten(peer, outgoing.takeForgotten());
    }
  }

  /** What was sent in this turn goes to the log, and waits there. */
  #log(peer: NodeId, outgoing: OutgoingStream): void {
    const added = outgoing.takeNew();
    if (!added) return;
    const { turn } = this.#parts;
    const { texts, ...run } = added;
    const common = { direction: 'out' as const, peer, epoch: run.epoch, clockOffset: 0, loggedAt: turn.wallTime() };
    for (const page of textPagesOf(run.first, texts, MAX_BATCH_BYTES))
      turn.group.add({ type: 'page', page: { ...common, ...page } });
    turn.group.follow({
      act: () => {
        outgoing.committed(run);
        this.#stream(peer, outgoing);
        this.#tell(peer, run, 'accepted');
        this.#forgotten(peer, outgoing.takeForgotten());
      },
      undo: (error) => turn.put({ type: 'rejected', peer, ...run, error }),
    });
  }

  /** At once, not at the end of the turn: whoever waits for an outcome may have much to do in it, and the peer would wait as long. */
  #stream(peer: NodeId, outgoing: OutgoingStream): void {
    const { turn } = this.#parts;
    const now = turn.now();
    const resume = outgoing.resume();
    if (resume) turn.put({ type: 'frame', peer, frame: resume });
    for (let next = outgoing.pump(now); next; next = outgoing.pump(now)) {
      if (next.type === 'expired') this.#giveUp(peer, next.run, 'ENVELOPE_EXPIRED');
      else turn.put({ type: 'frame', peer, frame: next });
    }
  }

  /** The dead letters and the tombstones are one commit; then the places are skipped, in their turn. */
  #giveUp(peer: NodeId, run: Run, code: ErrorCode): void {
    const { turn } = this.#parts;
    const { outgoing } = this.#peer(peer);
    for (const [at, row] of outgoing.setGone(run, code).entries()) {
      const letter = this.#letter(peer, run.epoch, run.first + at, row, code);
      turn.group.add({ type: 'deadLetter', letter });
    }
    turn.group.add({ type: 'became', direction: 'out', peer, ...run, status: 'expired', code });
    turn.group.follow({
      act: () => {
        outgoing.goneIsTold(run);
        this.#tell(peer, run, 'expired', code);
      },
    });
  }

  #settle(peer: NodeId, state: Peer, run: Acknowledged, refused: ReadonlyMap<number, ErrorCode>): void {
    const { epoch, first, last, rows } = run;
    state.acknowledgedRows += last - (state.acknowledged.get(epoch) ?? 0);
    state.acknowledged.set(epoch, last);
    this.#isAcknowledged(peer, epoch, last);
    let from = first;
    const delivered = (upTo: number) => {
      if (from <= upTo) {
        // Follows from the acknowledgement already: said for those who listen.
        this.#became(peer, { epoch, first: from, last: upTo }, 'delivered');
        this.#tell(peer, { epoch, first: from, last: upTo }, 'delivered');
      }
      from = upTo + 2;
    };
    for (const [at, row] of rows.entries()) {
      const sequence = first + at;
      const code = refused.get(sequence);
      if (!row.gone && !code) continue;
      delivered(sequence - 1);
      if (row.gone || !code) continue;
      const one = { epoch, first: sequence, last: sequence };
      this.#became(peer, one, 'refused', code);
      this.#bury(peer, epoch, sequence, row, code);
      this.#tell(peer, one, 'refused', code);
    }
    delivered(last);
  }

  #forgotten(peer: NodeId, runs: readonly Acknowledged[]): void {
    const [status, code] = ['dead', 'PEER_FORGOTTEN'] as const;
    for (const { epoch, first, last, rows } of runs) {
      this.#isAcknowledged(peer, epoch, last);
      for (const [at, row] of rows.entries()) {
        if (row.gone) continue;
        const run = { epoch, first: first + at, last: first + at };
        this.#became(peer, run, status, code);
        this.#bury(peer, epoch, run.first, row, code);
        this.#tell(peer, run, status, code);
      }
    }
  }

  #isAcknowledged(peer: NodeId, epoch: string, sequence: number): void {
    const { outgoing } = this.#peer(peer);
    this.#parts.turn.group.fact({ type: 'acknowledged', peer, epoch, sequence }, () =>
      outgoing.settled(epoch, sequence),
    );
  }

  #became(peer: NodeId, run: Run, status: OutcomeStatus, code?: ErrorCode): void {
    this.#parts.turn.group.fact({ type: 'became', direction: 'out', peer, ...run, status, ...(code && { code }) });
  }

  #bury(peer: NodeId, epoch: string, sequence: number, row: Waiting, reason: ErrorCode): void {
    const letter = this.#letter(peer, epoch, sequence, row, reason);
    this.#parts.turn.group.fact({ type: 'deadLetter', letter });
  }

  #letter(peer: NodeId, epoch: string, sequence: number, { text }: Waiting, reason: ErrorCode) {
    const [line = '', eventJson = ''] = linesOf(text);
    const { from, to, sentAt, expiresAt: _, ...related } = readLabel(line);
    return {
      ...related,
      id: positionId(epoch, sequence),
      direction: 'out' as const,
      from: addressOf(this.#parts.self, from),
      to: addressOf(peer, to),
      sentAt,
      eventJson,
      reason,
      diedAt: this.#parts.turn.wallTime(),
    };
  }

  #tell(peer: NodeId, { epoch, first, last }: Run, status: OutcomeStatus, code?: ErrorCode): void {
    this.#parts.turn.put({ type: 'outcome', peer, epoch, first, last, status, ...(code && { code }) });
  }

  #close(peer: NodeId, code: number, reason: string): void {
    this.#parts.turn.put({ type: 'close', peer, code, reason });
  }

  #peer(id: NodeId): Peer {
    const known = this.#peers.get(id);
    if (known) return known;
    const { stored, newEpoch, turn } = this.#parts;
    const peer: Peer = {
      outgoing: new OutgoingStream(
        stored.filter((row) => row.peer === id),
        newEpoch,
        turn.limits,
      ),
      acknowledged: new Map(),
      acknowledgedRows: 0,
      heardRows: 0,
    };
    this.#peers.set(id, peer);
    return peer;
  }
}
