import type { Envelope, OutcomeStatus } from '../../shared/envelope.ts';
import {
  decodeLabel,
  type Label,
  lengthOf,
  linesOf,
  type Place,
  positionId,
  readLabel,
} from '../../shared/envelope-text.ts';
import { type ErrorCode, InterMachineError, reasonOf } from '../../shared/errors.ts';
import { decodeEvent } from '../../shared/event.ts';
import { addressOf, type MachineId, type NodeId } from '../../shared/ids.ts';
import { CLOSE } from './close-codes.ts';
import { MACHINES_START_WITHIN_MS, MAX_TTL_MS } from './defaults.ts';
import type { DeliveryTurn } from './delivery-turn.ts';
import { type Arrival, Inbox } from './inbox.ts';
import { IncomingStream } from './incoming-stream.ts';
import { LocalStream } from './local-stream.ts';
import type { Parcel } from './parcel.ts';
import type { PersistedStep } from './persisted-step.ts';
import type { Mark, OpenRow, Page, StoredEnvelope } from './ports.ts';
import { asRefused, isKeptWhole } from './refused.ts';
import { StatusRuns } from './status-runs.ts';
import type { Messages, Refusal, Resume, RunOutcome, Skip } from './wire.ts';

/** What is decided about an envelope that a peer sent, before anything is written. */
export type Verdict =
  | { readonly verdict: 'accept'; readonly envelope: Envelope }
  /** What is logged of it: an event that is none is not stored as it came. */
  | { readonly verdict: 'refuse'; readonly parcel: Parcel; readonly code: ErrorCode };

/** What a machine is done with. */
export interface Processed {
  readonly arrival: Arrival;
  readonly status: OutcomeStatus;
  readonly code?: ErrorCode;
}

interface Peer {
  readonly incoming: IncomingStream;
  isConnected: boolean;
  /** Counts connections: what one of them asked for is not answered on the next. */
  connection: number;
  /** What its envelopes came to since the last turn. */
  readonly outcomes: StatusRuns;
}

export interface ReceivingParts {
  readonly self: NodeId;
  readonly stored: { readonly marks: readonly Mark[]; readonly open: readonly OpenRow[] };
  readonly admit: (peer: NodeId, envelope: StoredEnvelope) => Verdict;
  /** Whether a machine of this id runs here, or did before and was not unregistered. */
  readonly knows: (machine: MachineId) => boolean;
  /** Why a machine that runs now does not take what was held for it; its terms were not known while it did not. */
  readonly refusal?: (envelope: Envelope, machine: MachineId) => ErrorCode | undefined;
  readonly newEpoch: () => string;
  readonly turn: DeliveryTurn;
}

/** What comes to this node's machines from those of other nodes, and from persisted ones of its own, until they are done with it. */
export class Receiving {
  readonly #parts: ReceivingParts;
  readonly #peers = new Map<NodeId, Peer>();
  readonly #inbox: Inbox;
  readonly #local: LocalStream;
  readonly #localOutcomes = new StatusRuns();
  /** Persisted machines whose steps were lost with a commit. */
  readonly #lostSteps = new Set<MachineId>();
  #isFull = false;
  /** This node started a moment ago: machines that it knows are about to run, and what comes for them takes their peers' credit as if they did. */
  #isStarting = true;
  readonly #startedAt: number;
  /** Refusals of commits that are on disk now, to be told with the acknowledgement of their epoch. */
  readonly #due = new Map<NodeId, Map<string, Refusal[]>>();

  constructor(parts: ReceivingParts) {
    this.#parts = parts;
    this.#startedAt = parts.turn.now();
    this.#inbox = new Inbox(parts.turn.limits);
    this.#local = new LocalStream(parts.self, parts.newEpoch, parts.turn);
    for (const { peer } of parts.stored.marks) this.#peer(peer);
    for (const row of parts.stored.open) this.#restore(row);
  }

  // ---- What a peer sends

  /** The answer is a barrier: it waits for everything that was under way to the disk when it was asked for. */
  answer(peer: NodeId, { live }: Resume): void {
    const state = this.#peer(peer);
    const { connection, incoming } = state;
    for (const [epoch, sequence] of incoming.forgetRefusals(live))
      this.#parts.turn.group.fact({ type: 'refusalsKnown', peer, epoch, sequence });
    for (const [epoch, firstOpen] of Object.entries(live)) {
      const missing = firstOpen - incoming.received(epoch) - 1;
      if (missing > 0) this.#acceptGap(peer, state, epoch, firstOpen - 1, missing);
    }
    this.#parts.turn.afterwards(() => {
      if (state.connection !== connection) return;
      const epochs = Object.keys(live);
      for (const [at, epoch] of epochs.entries())
        this.#parts.turn.put({ type: 'frame', peer, frame: incoming.answer(epoch, epochs.length - at) });
    });
  }

  receive(peer: NodeId, { epoch, first, at, text }: Messages): void {
    const lines = linesOf(text);
    const count = lines.length / 2;
    if (!Number.isInteger(count)) return this.#close(peer, CLOSE.badFrame, 'two lines are expected for each envelope');
    const state = this.#peer(peer);
    if (!this.#isInSequence(peer, state, epoch, first, first + count - 1)) return;
    let labels: readonly Label[];
    try {
      labels = labelsFrom(lines, at);
    } catch (thrown) {
      return this.#close(peer, CLOSE.badFrame, reasonOf(thrown));
    }
    const known = state.incoming.received(epoch) - first + 1;
    if (known > 0) this.#compare(peer, epoch, first, lines, Math.min(known, count));
    if (known >= count) return this.#acknowledgeAgain(peer, epoch);
    this.#take(peer, state, { epoch, first, at, lines, labels, known: Math.max(known, 0), text });
  }

  skip(peer: NodeId, { epoch, first, last }: Skip): void {
    const state = this.#peer(peer);
    if (first > last) return this.#close(peer, CLOSE.badFrame, 'skips backwards');
    if (!this.#isInSequence(peer, state, epoch, first, last)) return;
    const { incoming } = state;
    incoming.take(epoch, last);
    const { group } = this.#parts.turn;
    group.add({ type: 'mark', peer, epoch, sequence: last });
    group.follow({ act: () => this.#committed(peer, incoming, epoch, last, []) });
  }

  /** Another envelope under a name that is taken: it goes nowhere, and whoever watches is told. */
  changed(peer: NodeId, { epoch, sequence, text }: { epoch: string; sequence: number; text: string }): void {
    const { turn, self } = this.#parts;
    const id = positionId(epoch, sequence);
    const [line = '', eventJson = ''] = linesOf(text);
    const { from, to, sentAt } = readLabel(line);
    const ends = { from: addressOf(peer, from), to: addressOf(self, to) };
    const letter = { ...ends, id, sentAt, direction: 'in' as const, eventJson: asEventJson(eventJson) };
    turn.group.fact({ type: 'deadLetter', letter: { ...letter, reason: 'ENVELOPE_CHANGED', diedAt: turn.wallTime() } });
    const message = `node ${peer} sent another envelope under the name ${id}, which is taken: it is among the dead letters`;
    turn.put({ type: 'problem', message });
    this.#close(peer, CLOSE.outOfSequence, 'another envelope has this place');
  }

  // ---- What machines do

  /** Whether as much waits for the machine as may. */
  isBusy(machine: MachineId): boolean {
    return this.#inbox.isBusy(machine);
  }

  started(machine: MachineId): void {
    for (const arrival of this.#inbox.started(machine)) {
      const code = this.#parts.refusal?.(arrival.envelope, machine);
      if (code) this.#bury(arrival, code, 'refused');
      else this.#handOver(arrival);
    }
  }

  ended(machine: MachineId): void {
    for (const arrival of this.#inbox.ended(machine)) this.#inHand(arrival, -1);
    if (!this.#parts.knows(machine)) this.#buryHeld();
  }

  /** Marks of what was handled may lag behind: what is not marked is handed over again after a crash. */
  processed({ arrival, status, code }: Processed): void {
    if (!this.#inbox.done(arrival)) return;
    this.#inHand(arrival, -1);
    this.#outcomesOf(arrival).add(arrival.epoch, arrival.sequence, status, code);
    if (status === 'dead' || status === 'refused')
      this.#parts.turn.group.fact({ type: 'deadLetter', letter: this.#letter(arrival, code) });
  }

  /**
   * As `processed`, of a persisted machine: that, its state and what it sent are one commit, or none of it happened. Returns false for a step on an
   * envelope that was taken back meanwhile.
   */
  stepped(step: PersistedStep): boolean {
    const { machine, snapshot, journal = [], processed } = step;
    if (processed && !this.#inbox.done(processed.arrival)) return false;
    const { group } = this.#parts.turn;
    if (processed) {
      const { arrival, status, code } = processed;
      this.#inHand(arrival, -1);
      group.add({ type: 'became', ...runOf(arrival), status, ...(code && { code }) });
    }
    group.add(...journal.map((entry) => ({ type: 'journal' as const, machine, ...entry })));
    group.keep(machine, snapshot);
    group.follow({
      act: () => {
        this.#parts.turn.put({ type: 'kept', step });
        if (processed) this.#tell(processed);
      },
      undo: () => {
        if (processed) this.#inbox.takeBack(processed.arrival);
        this.#lostSteps.add(machine);
      },
    });
    return true;
  }

  /** Whoever sent it learns what became of it. */
  #tell({ arrival, status, code }: Processed): void {
    const { turn } = this.#parts;
    const { direction, peer, epoch, sequence } = arrival;
    if (direction === 'local') turn.put({ type: 'outcome', ...runOf(arrival), status, ...(code && { code }) });
    else if (this.#peer(peer).isConnected) {
      const of: RunOutcome = code ? [sequence, sequence, status, code] : [sequence, sequence, status];
      turn.put({ type: 'frame', peer, frame: { type: 'outcome', epoch, of: [of] } });
    }
  }

  /** An envelope between two machines of this node that must survive. Throws MACHINE_UNKNOWN, MACHINE_BUSY. */
  sendHere(parcel: Parcel, machine: MachineId): void {
    if (!this.#parts.knows(machine))
      throw new InterMachineError('MACHINE_UNKNOWN', `No machine "${machine}" is registered on this node`);
    if (this.#inbox.isBusy(machine))
      throw new InterMachineError('MACHINE_BUSY', `Too many events wait for machine "${machine}" already`);
    const arrival = this.#local.add(parcel, machine);
    this.#inbox.expect(machine, arrival.length);
    const { turn } = this.#parts;
    turn.group.follow({
      act: () => {
        turn.put({ type: 'outcome', ...runOf(arrival), status: 'delivered' });
        this.#arrive(arrival);
      },
      undo: (error) => {
        this.#inbox.forget(machine, arrival.length);
        turn.put({ type: 'rejected', ...runOf(arrival), error });
      },
    });
  }

  /** Of the next envelope of `sendHere`. */
  get nextLocalPlace(): Place {
    return this.#local.next;
  }

  // ---- Time, connections, and the end of a turn

  /** What is held past its time, or for machines that are no more, becomes dead letters. */
  expire(now: number): void {
    this.#buryHeld(now);
    if (!this.#isStarting || now - this.#startedAt < MACHINES_START_WITHIN_MS) return;
    this.#isStarting = false;
    // For machines that still do not run it is only held: others of the same peer must not wait for them.
    for (const arrival of this.#inbox.held(() => true)) this.#inHand(arrival, -1);
  }

  connected(peer: NodeId): void {
    const state = this.#peer(peer);
    state.isConnected = true;
    state.connection++;
    state.incoming.disconnected();
    this.#share();
  }

  disconnected(peer: NodeId): void {
    const state = this.#peer(peer);
    state.isConnected = false;
    state.connection++;
    state.incoming.disconnected();
    this.#share();
  }

  flush(): void {
    this.#local.log();
    const { self, turn } = this.#parts;
    for (const [epoch, runs] of this.#localOutcomes.take()) {
      this.#became('local', self, epoch, runs);
      for (const [first, last, status, code] of runs)
        turn.put({ type: 'outcome', peer: self, epoch, first, last, status, ...(code && { code }) });
    }
    for (const [peer, { outcomes, incoming, isConnected }] of this.#peers) {
      for (const [epoch, of] of outcomes.take()) {
        this.#became('in', peer, epoch, of);
        if (isConnected) this.#parts.turn.put({ type: 'frame', peer, frame: { type: 'outcome', epoch, of } });
      }
      if (!isConnected) continue;
      for (const frame of incoming.renewals()) this.#parts.turn.put({ type: 'frame', peer, frame });
    }
  }

  /** After a commit: one acknowledgement for each epoch, whatever came of it. */
  acknowledge(): void {
    for (const [peer, epochs] of this.#due) {
      for (const [epoch, refused] of epochs) {
        const frame = this.#peer(peer).incoming.acknowledge(epoch, refused);
        if (frame) this.#parts.turn.put({ type: 'frame', peer, frame });
      }
    }
    this.#due.clear();
  }

  failed(): void {
    for (const { incoming } of this.#peers.values()) incoming.rollBack();
    this.#local.dropUncommitted();
  }

  /** After a commit failed: machines that lost a step go back to where the disk has them, and get again what they had in hand. */
  rollBack(): void {
    for (const machine of this.#lostSteps) {
      this.ended(machine);
      this.#parts.turn.put({ type: 'rollBack', machine });
    }
    this.#lostSteps.clear();
  }

  /** While the disk takes nothing, nothing more may come. */
  setFull(isFull: boolean): void {
    this.#isFull = isFull;
    for (const { incoming } of this.#peers.values()) incoming.isFull = isFull;
  }

  /** All peers may send to one machine: together they get no more credit than may wait for it, and there is room for one more peer. */
  #share(): void {
    const senders = [...this.#peers.values()].filter(({ isConnected, incoming }) => isConnected || incoming.hasInHand);
    for (const { incoming } of this.#peers.values()) incoming.share = 1 / (senders.length + 1);
  }

  get connectedPeers(): readonly NodeId[] {
    return [...this.#peers].flatMap(([peer, { isConnected }]) => (isConnected ? [peer] : []));
  }

  // ---- Taking up

  #isInSequence(peer: NodeId, { incoming }: Peer, epoch: string, first: number, last: number): boolean {
    const ceiling = incoming.ceiling(epoch);
    const next = incoming.received(epoch) + 1;
    const fault =
      ceiling === undefined
        ? 'it was not asked about that epoch'
        : first > next
          ? `envelope ${next} was expected, not ${first}`
          : last > ceiling
            ? `envelope ${last} is beyond the credit of ${ceiling}`
            : incoming.refusals > this.#parts.turn.limits.refusalsOpen
              ? `of ${incoming.refusals} refusals it never said that it knows`
              : undefined;
    if (fault !== undefined) this.#close(peer, CLOSE.outOfSequence, fault);
    return fault === undefined;
  }

  #take(peer: NodeId, state: Peer, frame: Frame): void {
    const { epoch, first, lines, labels, known } = frame;
    const { turn } = this.#parts;
    const clockOffset = turn.now() - frame.at;
    const refused: Refusal[] = [];
    const arrivals: Arrival[] = [];
    let texts: string[] | undefined;
    for (let n = known; n < labels.length; n++) {
      const label = labels[n] as Label;
      const eventJson = lines[2 * n + 1] ?? '';
      const sequence = first + n;
      const length = lengthOf(eventJson);
      const admitted = this.#parts.admit(peer, storedAs(positionId(epoch, sequence), label, eventJson));
      if (admitted.verdict === 'accept' && !this.#inbox.isBusy(label.to)) {
        const { envelope } = admitted;
        const expiresAt = label.expiresAt + clockOffset;
        arrivals.push({
          direction: 'in',
          peer,
          epoch,
          sequence,
          machine: label.to,
          envelope,
          expiresAt,
          length,
          place: 'underWay',
          order: 0,
        });
        this.#inbox.expect(label.to, length);
      } else {
        refused.push([sequence, admitted.verdict === 'accept' ? 'MACHINE_BUSY' : admitted.code]);
        const kept = admitted.verdict === 'accept' ? keptOf(eventJson) : admitted.parcel.eventJson;
        if (kept !== eventJson) {
          texts ??= textsOf(lines);
          texts[n] = `${lines[2 * n]}\n${kept}`;
        }
      }
    }
    if (known > 0) texts ??= textsOf(lines);
    const last = first + labels.length - 1;
    state.incoming.take(epoch, last);
    const page: Page = {
      direction: 'in',
      peer,
      epoch,
      first: first + known,
      count: labels.length - known,
      text: texts?.slice(known).join('\n') ?? frame.text,
      clockOffset,
      loggedAt: turn.wallTime(),
    };
    turn.group.add({ type: 'page', page });
    for (const [sequence, code] of refused)
      turn.group.add({
        type: 'became',
        direction: 'in',
        peer,
        epoch,
        first: sequence,
        last: sequence,
        status: 'refused',
        code,
      });
    turn.group.follow({
      act: () => {
        this.#committed(peer, state.incoming, epoch, last, refused);
        for (const arrival of arrivals) this.#arrive(arrival);
      },
      undo: () => {
        for (const { machine, length } of arrivals) this.#inbox.forget(machine, length);
      },
    });
  }

  #committed(peer: NodeId, incoming: IncomingStream, epoch: string, last: number, refused: readonly Refusal[]): void {
    incoming.committed(epoch, last, refused);
    const epochs = this.#due.get(peer) ?? new Map<string, Refusal[]>();
    this.#due.set(peer, epochs);
    epochs.set(epoch, [...(epochs.get(epoch) ?? []), ...refused]);
  }

  /** What came again should be what it was. Only what is on disk can be looked up. */
  #compare(peer: NodeId, epoch: string, first: number, lines: readonly string[], count: number): void {
    const last = Math.min(first + count - 1, this.#peer(peer).incoming.durable(epoch));
    if (last < first) return;
    const texts = textsOf(lines).slice(0, last - first + 1);
    this.#parts.turn.put({ type: 'compare', peer, epoch, first, last, texts });
  }

  #acknowledgeAgain(peer: NodeId, epoch: string): void {
    const { incoming } = this.#peer(peer);
    this.#parts.turn.group.follow({ act: () => this.#committed(peer, incoming, epoch, 0, []) });
  }

  /** The peer no longer has what comes next: our store is older than its memory of us. */
  #acceptGap(peer: NodeId, { incoming }: Peer, epoch: string, upTo: number, missing: number): void {
    const { turn } = this.#parts;
    incoming.take(epoch, upTo);
    turn.group.add({ type: 'mark', peer, epoch, sequence: upTo });
    turn.group.follow({ act: () => incoming.committed(epoch, upTo, []) });
    turn.put({
      type: 'problem',
      message: `${missing} envelopes of node ${peer} are missing here: it delivered them to this node before, to a store that was newer than this one`,
    });
  }

  // ---- Handing over

  /** On disk: to its machine, or held until that runs, or a dead letter where it was retired meanwhile. */
  #arrive(arrival: Arrival): void {
    if (this.#inbox.add(arrival)) this.#handOver(arrival);
    else if (!this.#parts.knows(arrival.machine)) this.#bury(arrival, 'MACHINE_UNKNOWN', 'dead');
    else if (this.#isStarting) this.#inHand(arrival, 1);
  }

  #handOver(arrival: Arrival): void {
    this.#inHand(arrival, 1);
    this.#parts.turn.put({ type: 'handOver', arrival });
  }

  /** From now on it takes its peer's credit, or does so no more. */
  #inHand(arrival: Arrival, rows: 1 | -1): void {
    const { direction, peer, length, takesCredit = false } = arrival;
    if (direction !== 'in' || takesCredit === rows > 0) return;
    arrival.takesCredit = rows > 0;
    this.#peer(peer).incoming.inHand(rows, rows * length);
  }

  #buryHeld(now = 0): void {
    const { knows } = this.#parts;
    for (const arrival of this.#inbox.held(({ expiresAt, machine }) => expiresAt <= now || !knows(machine)))
      if (knows(arrival.machine)) this.#bury(arrival, 'ENVELOPE_EXPIRED', 'expired');
      else this.#bury(arrival, 'MACHINE_UNKNOWN', 'dead');
  }

  #bury(arrival: Arrival, code: ErrorCode, status: OutcomeStatus): void {
    this.#inbox.remove(arrival);
    this.#inHand(arrival, -1);
    this.#outcomesOf(arrival).add(arrival.epoch, arrival.sequence, status, code);
    this.#parts.turn.group.fact({ type: 'deadLetter', letter: this.#letter(arrival, code) });
  }

  #letter({ direction, envelope: { event, ...envelope } }: Arrival, reason: ErrorCode = 'MACHINE_FAILED') {
    return { ...envelope, direction, eventJson: JSON.stringify(event), reason, diedAt: this.#parts.turn.wallTime() };
  }

  /** What an earlier start of this node acknowledged, and did not mark as handled. */
  #restore({ direction, peer, epoch, sequence, text, clockOffset }: OpenRow): void {
    const [line = '', eventJson = ''] = linesOf(text);
    const { from, to, expiresAt, ...label } = readLabel(line);
    const envelope: Envelope = {
      id: positionId(epoch, sequence),
      from: addressOf(peer, from),
      to: addressOf(this.#parts.self, to),
      sentAt: label.sentAt,
      ...(label.correlationId !== undefined && { correlationId: label.correlationId }),
      ...(label.causationId !== undefined && { causationId: label.causationId }),
      event: JSON.parse(eventJson) as Envelope['event'],
    };
    const length = lengthOf(eventJson);
    this.#inbox.expect(to, length);
    const arrival: Arrival = {
      ...{ direction, peer, epoch, sequence, machine: to, envelope, length },
      expiresAt: expiresAt + clockOffset,
      place: 'underWay',
      order: 0,
    };
    this.#inbox.add(arrival);
    this.#inHand(arrival, 1);
  }

  // ---- The rest

  #became(direction: 'in' | 'local', peer: NodeId, epoch: string, runs: readonly RunOutcome[]): void {
    for (const [first, last, status, code] of runs)
      this.#parts.turn.group.fact({
        type: 'became',
        direction,
        peer,
        epoch,
        first,
        last,
        status,
        ...(code && { code }),
      });
  }

  #outcomesOf({ direction, peer }: Arrival): StatusRuns {
    return direction === 'in' ? this.#peer(peer).outcomes : this.#localOutcomes;
  }

  #close(peer: NodeId, code: number, reason: string): void {
    this.#parts.turn.put({ type: 'close', peer, code, reason });
  }

  #peer(id: NodeId): Peer {
    const known = this.#peers.get(id);
    if (known) return known;
    const { stored, turn } = this.#parts;
    const marks = stored.marks.filter((mark) => mark.peer === id);
    const peer: Peer = {
      incoming: new IncomingStream(marks, turn.limits),
      isConnected: false,
      connection: 0,
      outcomes: new StatusRuns(),
    };
    peer.incoming.isFull = this.#isFull;
    this.#peers.set(id, peer);
    return peer;
  }
}

const runOf = ({ direction, peer, epoch, sequence }: Arrival) => ({
  direction,
  peer,
  epoch,
  first: sequence,
  last: sequence,
});

// By hand, as it is done for every event.
function storedAs(id: string, label: Label, eventJson: string): StoredEnvelope {
  const { from, to, sentAt, correlationId, causationId } = label;
  const stored = { id, from, to, sentAt, eventJson };
  if (correlationId === undefined && causationId === undefined) return stored;
  return { ...stored, ...(correlationId && { correlationId }), ...(causationId && { causationId }) };
}

/** What was sent to one machine within a millisecond mostly has the same label. Throws FRAME_INVALID. */
function labelsFrom(lines: readonly string[], at: number): readonly Label[] {
  const labels: Label[] = [];
  for (let n = 0; n < lines.length; n += 2) {
    const line = lines[n] ?? '';
    const before = labels.at(-1);
    labels.push(before && line === lines[n - 2] ? before : labelFrom(line, at));
  }
  return labels;
}

/** Throws FRAME_INVALID. */
function labelFrom(line: string, at: number): Label {
  const label = decodeLabel(line);
  const ttlMs = label.expiresAt - at;
  if (ttlMs <= 0 || ttlMs > MAX_TTL_MS)
    throw new InterMachineError('FRAME_INVALID', 'Frame: an envelope whose time is over, or without end');
  return label;
}

const keptOf = (eventJson: string): string => (isKeptWhole(eventJson) ? eventJson : asRefused(eventJson));

/** Whatever it was, what is stored is an event. */
function asEventJson(text: string): string {
  try {
    decodeEvent(text);
    return keptOf(text);
  } catch {
    return asRefused(text);
  }
}

const textsOf = (lines: readonly string[]): string[] =>
  Array.from({ length: lines.length / 2 }, (_, n) => `${lines[2 * n]}\n${lines[2 * n + 1]}`);

interface Frame {
  readonly epoch: string;
  readonly first: number;
  readonly at: number;
  readonly text: string;
  readonly lines: readonly string[];
  readonly labels: readonly Label[];
  /** How many of its envelopes we have already. */
  readonly known: number;
}
