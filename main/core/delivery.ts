import type { Envelope, OutcomeStatus } from '../../shared/envelope.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import { type MachineId, type NodeId, parseAddress } from '../../shared/ids.ts';
import type { Content } from './channel.ts';
import { CLOSE } from './close-codes.ts';
import { IncomingStream } from './incoming-stream.ts';
import { OutgoingStream } from './outgoing-stream.ts';
import type { Change, NewLogRow, OutboxRow, StoredEnvelope, StoreState, StreamPosition } from './ports.ts';
import type { Ack, Messages, OutcomeReport, Refusal, Resume, SequenceOutcome } from './wire.ts';

/** An envelope that is ready to go: its event was checked and is JSON text. */
export interface Parcel extends Omit<Envelope, 'event'> {
  readonly eventType: string;
  readonly eventJson: string;
}

/** An envelope that arrived and may be handed to its machine. */
export interface Arrival {
  readonly envelope: Envelope;
  readonly machine: MachineId;
  readonly position: StreamPosition;
}

/** What is decided about an envelope that a peer sent, before anything is written. */
export type Verdict =
  | { readonly verdict: 'accept'; readonly envelope: Envelope }
  /** What is logged of it: an event that is none is not stored as it came. */
  | { readonly verdict: 'refuse'; readonly parcel: Parcel; readonly code: ErrorCode };

export type DeliveryInput =
  /** Throws OUTBOX_FULL. */
  | { readonly type: 'send'; readonly parcel: Parcel }
  /** A row of the log that goes with no stream. */
  | { readonly type: 'record'; readonly row: NewLogRow }
  | { readonly type: 'change'; readonly change: Change }
  | { readonly type: 'connected'; readonly peer: NodeId }
  | { readonly type: 'disconnected'; readonly peer: NodeId }
  | { readonly type: 'frame'; readonly peer: NodeId; readonly frame: Content }
  /** A machine is done with an envelope of a peer. */
  | {
      readonly type: 'processed';
      readonly position: StreamPosition;
      readonly id: string;
      readonly status: OutcomeStatus;
      readonly code?: ErrorCode;
    }
  /** The oldest commit that was put out and not yet answered is on disk. */
  | { readonly type: 'committed' }
  /** It is not, and neither is anything that was put out behind it. */
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly reason: string }
  /** The turn ends: what gathered leaves. */
  | { readonly type: 'flush' };

export type DeliveryOutput =
  | { readonly type: 'commit'; readonly changes: readonly Change[] }
  | { readonly type: 'frame'; readonly peer: NodeId; readonly frame: Content }
  | { readonly type: 'close'; readonly peer: NodeId; readonly code: number; readonly reason: string }
  | { readonly type: 'handOver'; readonly arrival: Arrival }
  /** What became of an envelope that we sent. */
  | { readonly type: 'outcome'; readonly id: string; readonly status: OutcomeStatus; readonly code?: ErrorCode }
  /** It was never accepted. */
  | { readonly type: 'rejected'; readonly id: string; readonly error: InterMachineError };

interface Group {
  readonly changes: Change[];
  readonly sends: OutboxRow[];
  /** Acknowledgements, hand-overs and answers that wait for this commit. */
  readonly afterwards: (() => void)[];
}

interface PeerStreams {
  readonly outgoing: OutgoingStream;
  readonly incoming: IncomingStream;
  connected: boolean;
  /** Counts connections: what one of them asked for is not answered on the next. */
  connection: number;
  /** By epoch; told at the end of the turn. */
  outcomes: Map<string, SequenceOutcome[]>;
}

export interface DeliveryParts {
  readonly stored: Pick<StoreState, 'outbox' | 'marks'>;
  readonly admit: (peer: NodeId, envelope: StoredEnvelope) => Verdict;
  /** 16 hex digits, never the same twice. */
  readonly newEpoch: () => string;
  readonly wallTime: () => number;
}

/**
 * What is accepted, sent, acknowledged and handed over, and when: docs/protocol.md, "Delivery". It does no I/O: `step` takes
 * what happened and returns what to do. Everything that happens in one turn becomes one commit and, for each peer, one frame.
 */
export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #peers = new Map<NodeId, PeerStreams>();
  /** Ids of the sent envelopes whose outcome a peer may still tell, by position. */
  readonly #awaited = new Map<string, string>();
  #gathering: Group = newGroup();
  #committing: Group[] = [];
  /** Commits that were put out behind one that failed: they fail too, and are forgotten already. */
  #failuresToCome = 0;
  #outputs: DeliveryOutput[] = [];

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    for (const peer of new Set([...parts.stored.outbox, ...parts.stored.marks].map((row) => row.peer)))
      this.#streams(peer);
  }

  /** Envelopes that a peer does not have yet. */
  waiting(peer: NodeId): number {
    return this.#peers.get(peer)?.outgoing.waiting ?? 0;
  }

  step(input: DeliveryInput): readonly DeliveryOutput[] {
    this.#take(input);
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  #take(input: DeliveryInput): void {
    switch (input.type) {
      case 'send':
        return this.#send(input.parcel);
      case 'record':
        return this.#gather({ type: 'log', row: input.row });
      case 'change':
        return this.#gather(input.change);
      case 'connected':
        return this.#connect(input.peer);
      case 'disconnected':
        return this.#disconnect(input.peer);
      case 'frame':
        return this.#read(input.peer, input.frame);
      case 'processed':
        return this.#report(input);
      case 'committed':
        return this.#committed();
      case 'failed':
        return this.#failed(input.code, input.reason);
      case 'flush':
        return this.#flush();
    }
  }

  // ---- Sending

  #send(parcel: Parcel): void {
    const { node: peer } = parseAddress(parcel.to);
    const { outgoing } = this.#streams(peer);
    if (outgoing.isFull) {
      throw new InterMachineError(
        'OUTBOX_FULL',
        `${outgoing.waiting} envelopes already wait for node ${peer}: it is away, or slower than its senders`,
      );
    }
    const row = outgoing.add(storedFrom(parcel));
    const position = { peer, epoch: row.epoch, sequence: row.sequence };
    this.#gather(
      { type: 'outboxAdd', row },
      { type: 'log', row: logRow(parcel, 'out', 'accepted', this.#parts.wallTime(), position) },
    );
    this.#gathering.sends.push(row);
    this.#awaited.set(keyOf(position), parcel.id);
  }

  #acknowledged(peer: NodeId, streams: PeerStreams, ack: Ack): void {
    const rows = streams.outgoing.acknowledge(ack);
    if (!rows) return this.#close(peer, CLOSE.badFrame, 'acknowledges what was never sent');
    const refused = new Map(ack.refused);
    const last = rows.at(-1);
    if (last) this.#gather({ type: 'outboxRemove', peer, epoch: last.epoch, sequence: last.sequence });
    for (const row of rows) {
      const code = refused.get(row.sequence);
      if (code) this.#settle(row, row.id, 'refused', code);
      else this.#settle(row, row.id, 'delivered');
    }
  }

  #heardOutcomes(peer: NodeId, { epoch, of }: OutcomeReport): void {
    for (const [sequence, status, code] of of) {
      const id = this.#awaited.get(keyOf({ peer, epoch, sequence }));
      if (id !== undefined) this.#settle({ peer, epoch, sequence }, id, status, code);
    }
  }

  #settle(position: StreamPosition, id: string, status: OutcomeStatus, code?: ErrorCode): void {
    if (status !== 'delivered') this.#awaited.delete(keyOf(position));
    this.#gather({ type: 'status', direction: 'out', id, peer: position.peer, status, ...(code && { code }) });
    this.#outputs.push({ type: 'outcome', id, status, ...(code && { code }) });
  }

  // ---- Receiving

  #read(peer: NodeId, frame: Content): void {
    const streams = this.#streams(peer);
    switch (frame.type) {
      case 'resume':
        return this.#answer(peer, streams, frame);
      case 'messages':
        return this.#receive(peer, streams, frame);
      case 'ack':
        return this.#acknowledged(peer, streams, frame);
      case 'outcome':
        return this.#heardOutcomes(peer, frame);
      default:
        return;
    }
  }

  /** The answer is a barrier: it waits for everything that was under way to the disk when it was asked for. */
  #answer(peer: NodeId, streams: PeerStreams, { live }: Resume): void {
    this.#afterCommit(peer, streams, () =>
      Object.entries(live).map(([epoch, firstOpen]) => streams.incoming.answer(epoch, firstOpen)),
    );
  }

  #receive(peer: NodeId, streams: PeerStreams, { epoch, first, envelopes }: Messages): void {
    const { incoming } = streams;
    const refused: Refusal[] = [];
    const arrivals: Arrival[] = [];
    let sequence = first;
    for (const envelope of envelopes) {
      const next = incoming.received(epoch) + 1;
      if (sequence > next)
        return this.#close(peer, CLOSE.outOfSequence, `envelope ${next} was expected, not ${sequence}`);
      if (sequence === next) {
        incoming.take(epoch, sequence);
        this.#admit({ peer, epoch, sequence }, envelope, refused, arrivals);
      }
      sequence++;
    }
    const last = sequence - 1;
    this.#gather({ type: 'mark', peer, epoch, sequence: last });
    this.#afterCommit(peer, streams, () => {
      for (const arrival of arrivals) this.#outputs.push({ type: 'handOver', arrival });
      return [incoming.commit(epoch, last, refused)];
    });
  }

  /** What is due when everything gathered so far is on disk. Its frames leave only on the connection that asked for them. */
  #afterCommit(peer: NodeId, streams: PeerStreams, act: () => readonly Content[]): void {
    const { connection } = streams;
    this.#gathering.afterwards.push(() => {
      const frames = act();
      if (streams.connection === connection) for (const frame of frames) this.#frame(peer, frame);
    });
  }

  #admit(position: StreamPosition, stored: StoredEnvelope, refused: Refusal[], arrivals: Arrival[]): void {
    const admitted = this.#parts.admit(position.peer, stored);
    const loggedAt = this.#parts.wallTime();
    if (admitted.verdict === 'refuse') {
      refused.push([position.sequence, admitted.code]);
      this.#gather({
        type: 'log',
        row: { ...logRow(admitted.parcel, 'in', 'refused', loggedAt, position), code: admitted.code },
      });
      return;
    }
    const { event, ...envelope } = admitted.envelope;
    arrivals.push({ envelope: admitted.envelope, machine: stored.to, position });
    const parcel = { ...envelope, eventType: event.type, eventJson: stored.eventJson };
    this.#gather({ type: 'log', row: logRow(parcel, 'in', 'delivered', loggedAt, position) });
  }

  #report({ position, id, status, code }: Extract<DeliveryInput, { type: 'processed' }>): void {
    const { peer, epoch, sequence } = position;
    this.#gather({ type: 'status', direction: 'in', id, peer, status, ...(code && { code }) });
    const { outcomes, connected } = this.#streams(peer);
    if (!connected) return;
    const reported = outcomes.get(epoch) ?? [];
    reported.push(code ? [sequence, status, code] : [sequence, status]);
    outcomes.set(epoch, reported);
  }

  // ---- Connections

  #connect(peer: NodeId): void {
    const streams = this.#streams(peer);
    streams.connected = true;
    streams.connection++;
    streams.outgoing.connected();
  }

  #disconnect(peer: NodeId): void {
    const streams = this.#streams(peer);
    streams.connected = false;
    streams.connection++;
    streams.outgoing.disconnected();
    streams.outcomes = new Map();
  }

  #close(peer: NodeId, code: number, reason: string): void {
    this.#outputs.push({ type: 'close', peer, code, reason });
  }

  #frame(peer: NodeId, frame: Content): void {
    this.#outputs.push({ type: 'frame', peer, frame });
  }

  // ---- The disk, and the end of a turn

  #gather(...changes: readonly Change[]): void {
    this.#gathering.changes.push(...changes);
  }

  #committed(): void {
    const group = this.#committing.shift();
    if (!group) return;
    for (const row of group.sends) {
      this.#streams(row.peer).outgoing.commit(row);
      this.#outputs.push({ type: 'outcome', id: row.id, status: 'accepted' });
    }
    for (const act of group.afterwards) act();
  }

  /** Nothing behind the failed commit is on disk either: forget it all, and begin again from what is. */
  #failed(code: ErrorCode, reason: string): void {
    if (this.#failuresToCome > 0) {
      this.#failuresToCome--;
      return;
    }
    const lost = [...this.#committing, this.#gathering];
    this.#failuresToCome = this.#committing.length - 1;
    this.#committing = [];
    this.#gathering = newGroup();
    // What is true whether its time has come or not is written with the next commit.
    this.#gather(...lost.flatMap((group) => group.changes.filter(isLastingFact)).slice(-MAX_FACTS_KEPT));
    for (const row of lost.flatMap((group) => group.sends)) {
      this.#awaited.delete(keyOf(row));
      this.#outputs.push({ type: 'rejected', id: row.id, error: new InterMachineError(code, reason) });
    }
    for (const [peer, streams] of this.#peers) {
      streams.outgoing.dropUncommitted();
      streams.incoming.rollBack();
      if (streams.connected) this.#close(peer, CLOSE.storeFailed, 'what came could not be stored');
    }
  }

  #flush(): void {
    for (const [peer, streams] of this.#peers) {
      if (streams.connected) this.#stream(peer, streams);
    }
    const group = this.#gathering;
    if (group.changes.length === 0 && group.afterwards.length === 0) return;
    this.#gathering = newGroup();
    this.#committing.push(group);
    this.#outputs.push({ type: 'commit', changes: group.changes });
  }

  #stream(peer: NodeId, streams: PeerStreams): void {
    for (const [epoch, of] of streams.outcomes) this.#frame(peer, { type: 'outcome', epoch, of });
    streams.outcomes.clear();
    const resume = streams.outgoing.resume();
    if (resume) this.#frame(peer, resume);
    for (let batch = streams.outgoing.next(); batch; batch = streams.outgoing.next()) this.#frame(peer, batch);
  }

  #streams(peer: NodeId): PeerStreams {
    const known = this.#peers.get(peer);
    if (known) return known;
    const { stored, newEpoch } = this.#parts;
    const streams = {
      outgoing: new OutgoingStream(
        peer,
        stored.outbox.filter((row) => row.peer === peer),
        newEpoch,
      ),
      incoming: new IncomingStream(stored.marks.filter((mark) => mark.peer === peer)),
      connected: false,
      connection: 0,
      outcomes: new Map<string, SequenceOutcome[]>(),
    };
    this.#peers.set(peer, streams);
    return streams;
  }
}

/** Whether a change stays true when the commit that it was in failed: everything but envelopes that were just sent or received. */
const isLastingFact = (change: Change): boolean =>
  change.type === 'log' ? change.row.direction === 'local' : change.type !== 'outboxAdd' && change.type !== 'mark';

/** Changes that are kept while the disk refuses them; the oldest go first. */
const MAX_FACTS_KEPT = 10_000;

const newGroup = (): Group => ({ changes: [], sends: [], afterwards: [] });

const keyOf = ({ peer, epoch, sequence }: StreamPosition): string => `${peer}/${epoch}/${sequence}`;

export function storedFrom({ id, from, to, sentAt, correlationId, causationId, eventJson }: Parcel): StoredEnvelope {
  return {
    id,
    from: parseAddress(from).machine,
    to: parseAddress(to).machine,
    sentAt,
    ...(correlationId !== undefined && { correlationId }),
    ...(causationId !== undefined && { causationId }),
    eventJson,
  };
}

export const logRow = (
  parcel: Parcel,
  direction: NewLogRow['direction'],
  status: OutcomeStatus,
  loggedAt: number,
  position?: StreamPosition,
): NewLogRow => ({ ...parcel, direction, status, loggedAt, ...(position && { position }) });
