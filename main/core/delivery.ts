import type { Place } from '../../shared/envelope-text.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import { type MachineId, type NodeId, partsOf } from '../../shared/ids.ts';
import type { Content } from './channel.ts';
import { CLOSE } from './close-codes.ts';
import { CommitGroup } from './commit-group.ts';
import { DELIVERY_LIMITS, type DeliveryLimits, MAX_FACTS_KEPT } from './defaults.ts';
import { type DeliveryOutput, DeliveryTurn } from './delivery-turn.ts';
import type { Backlog } from './outgoing-stream.ts';
import type { Parcel } from './parcel.ts';
import type { PersistedStep } from './persisted-step.ts';
import type { Change, NewLogRow, StoreState } from './ports.ts';
import { type Processed, Receiving, type ReceivingParts } from './receiving.ts';
import { Sending } from './sending.ts';
import { VolatileLog } from './volatile-log.ts';

export type DeliveryInput =
  /** To another node, or to a machine here that is persisted or does not run. Throws OUTBOX_FULL, STORE_FULL, MACHINE_BUSY, MACHINE_UNKNOWN. */
  | {
      readonly type: 'send';
      readonly parcel: Parcel;
      /** Place of the dead letter that goes with the same commit: it is this envelope now. */
      readonly inPlaceOf?: number;
    }
  /** A row of the log that goes with no stream. */
  | { readonly type: 'record'; readonly row: NewLogRow }
  | { readonly type: 'change'; readonly change: Change }
  | { readonly type: 'connected'; readonly peer: NodeId }
  | { readonly type: 'disconnected'; readonly peer: NodeId }
  | { readonly type: 'frame'; readonly peer: NodeId; readonly frame: Content }
  /** A machine takes envelopes from now on. */
  | { readonly type: 'started'; readonly machine: MachineId }
  /** It takes no more: what it has in hand is for the next of its id; where there will be none, it becomes dead letters. */
  | { readonly type: 'ended'; readonly machine: MachineId }
  | ({ readonly type: 'processed' } & Processed)
  /** Of a machine that is persisted. `kept` follows when it is on disk. */
  | { readonly type: 'stepped'; readonly step: PersistedStep }
  /** Under the name of an envelope that is in the log a peer sent another one. */
  | {
      readonly type: 'changed';
      readonly peer: NodeId;
      readonly epoch: string;
      readonly sequence: number;
      readonly text: string;
    }
  /** A peer will never return: what waits for it becomes dead letters. */
  | { readonly type: 'forget'; readonly peer: NodeId }
  /** Time has passed. */
  | { readonly type: 'tick' }
  /** The oldest commit that was put out and not yet answered is on disk, which may have little room left. */
  | { readonly type: 'committed'; readonly isTight?: boolean }
  /** It is not, and neither is anything that was put out behind it. */
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly reason: string }
  /** The turn ends: what gathered leaves. */
  | { readonly type: 'flush' };

export interface DeliveryParts extends Pick<ReceivingParts, 'self' | 'admit' | 'knows' | 'refusal'> {
  readonly stored: Pick<StoreState, 'outbox' | 'marks' | 'open'>;
  /** 16 hex digits, never the same twice. */
  readonly newEpoch: () => string;
  /** Milliseconds, on the node's own time (delivery-time.ts). */
  readonly now: () => number;
  readonly wallTime: () => number;
  readonly limits?: DeliveryLimits;
}

/**
 * What is accepted, sent, acknowledged and handed over, and when: docs/protocol.md, "Delivery". It does no I/O: `step` takes
 * what happened and returns what to do. Everything that happens in one turn becomes one commit and, for each peer, few frames.
 */
export class Delivery {
  readonly #turn: DeliveryTurn;
  readonly #self: NodeId;
  readonly #sending: Sending;
  readonly #receiving: Receiving;
  readonly #volatileLog: VolatileLog;
  /** Commits that were put out behind one that failed: they fail too, and are forgotten already. */
  #failuresToCome = 0;
  /** There is little room left: what is accepted is brought to an end, and nothing new is. */
  #isTight = false;
  /** A disk that has no room is asked again at each tick. */
  #isProbeDue = false;

  constructor({ stored, newEpoch, now, wallTime, limits = DELIVERY_LIMITS, ...parts }: DeliveryParts) {
    const { self } = parts;
    this.#self = self;
    this.#turn = new DeliveryTurn({ limits, now, wallTime });
    this.#sending = new Sending({ self, stored: stored.outbox, newEpoch, turn: this.#turn });
    this.#receiving = new Receiving({ ...parts, stored, newEpoch, turn: this.#turn });
    this.#volatileLog = new VolatileLog(newEpoch(), wallTime);
  }

  /** Envelopes that a peer does not have yet. */
  waiting(peer: NodeId): number {
    return this.#sending.waiting(peer);
  }

  backlog(peer: NodeId): Backlog {
    return this.#sending.backlog(peer);
  }

  /** Of the next envelope to a node. Its id follows from it, so that no two can have the same. */
  nextPlace(node: NodeId): Place {
    return node === this.#self ? this.#receiving.nextLocalPlace : this.#sending.nextPlace(node);
  }

  /** What a persisted machine goes on from after its last step, where that is not on disk yet. */
  stateUnderWay(machine: MachineId): string | undefined {
    const groups = [...this.#turn.committing, this.#turn.group];
    return groups.findLast((group) => group.snapshotOf(machine) !== undefined)?.snapshotOf(machine);
  }

  step(input: DeliveryInput): readonly DeliveryOutput[] {
    this.#take(input);
    return this.#turn.takeOutputs();
  }

  #take(input: DeliveryInput): void {
    switch (input.type) {
      case 'send':
        return this.#send(input.parcel, input.inPlaceOf);
      case 'record':
        return this.#volatileLog.add(input.row);
      case 'change':
        return this.#change(input.change);
      case 'connected':
        this.#sending.connected(input.peer);
        return this.#receiving.connected(input.peer);
      case 'disconnected':
        this.#sending.disconnected(input.peer);
        return this.#receiving.disconnected(input.peer);
      case 'frame':
        return this.#read(input.peer, input.frame);
      case 'started':
        return this.#receiving.started(input.machine);
      case 'ended':
        return this.#receiving.ended(input.machine);
      case 'processed':
        return this.#receiving.processed(input);
      case 'stepped':
        return this.#stepped(input.step);
      case 'changed':
        return this.#receiving.changed(input.peer, input);
      case 'forget':
        this.#sending.forget(input.peer);
        return;
      case 'tick':
        return this.#tick();
      case 'committed':
        return this.#committed(input.isTight ?? false);
      case 'failed':
        return this.#failed(input.code, input.reason);
      case 'flush':
        return this.#flush();
    }
  }

  #send(parcel: Parcel, inPlaceOf: number | undefined): void {
    if (this.#turn.failure) throw this.#turn.failure;
    if (this.#isTight)
      throw new InterMachineError(
        'STORE_FULL',
        'The room for messages is nearly used up: nothing new is accepted until there is more, on the disk or by --store-mb (storage.maxBytes)',
      );
    this.#takeUp(parcel);
    if (inPlaceOf !== undefined) this.#turn.group.add({ type: 'deadLetterRemove', place: inPlaceOf });
  }

  #takeUp(parcel: Parcel): void {
    const { node, machine } = partsOf(parcel.to);
    if (node === this.#self) this.#receiving.sendHere(parcel, machine);
    else this.#sending.send(parcel);
  }

  #change(change: Change): void {
    if (change.type === 'status') this.#volatileLog.became(change);
    else this.#turn.group.fact(change);
  }

  /** One commit, whatever can be sent of it: a machine in the middle of its step is nobody to throw at. */
  #stepped(step: PersistedStep): void {
    if (!this.#receiving.stepped(step)) return;
    for (const parcel of step.sends) {
      try {
        this.#takeUp(parcel);
      } catch (thrown) {
        if (!(thrown instanceof InterMachineError)) throw thrown;
        this.#bury(parcel, thrown.code);
      }
    }
  }

  #bury({ eventType: _, ttlMs: __, ...parcel }: Parcel, reason: ErrorCode): void {
    const direction = partsOf(parcel.to).node === this.#self ? ('local' as const) : ('out' as const);
    const letter = { ...parcel, direction, reason, diedAt: this.#turn.wallTime() };
    this.#turn.group.add({ type: 'deadLetter', letter });
  }

  #read(peer: NodeId, frame: Content): void {
    switch (frame.type) {
      case 'resume':
        return this.#receiving.answer(peer, frame);
      case 'messages':
        return this.#receiving.receive(peer, frame);
      case 'skip':
        return this.#receiving.skip(peer, frame);
      case 'ack':
        return this.#sending.acknowledged(peer, frame);
      case 'outcome':
        return this.#sending.heardOutcomes(peer, frame);
      default:
        return;
    }
  }

  #tick(): void {
    const now = this.#turn.now();
    this.#sending.expire(now);
    this.#receiving.expire(now);
    this.#isProbeDue = (this.#isTight || this.#turn.failure !== undefined) && this.#turn.committing.length === 0;
  }

  // ---- The disk, and the end of a turn

  #committed(isTight: boolean): void {
    const group = this.#turn.committing.shift();
    if (!group) return;
    if (this.#turn.failure || this.#isTight !== isTight) this.#setFailure(undefined, isTight);
    group.committed();
    this.#receiving.acknowledge();
  }

  /** Nothing behind the failed commit is on disk either: forget it all, and begin again from what is. */
  #failed(code: ErrorCode, reason: string): void {
    if (this.#failuresToCome > 0) {
      this.#failuresToCome--;
      return;
    }
    // What was sent in this turn is told that it failed, too.
    this.#sending.log();
    const lost = [...this.#turn.committing, this.#turn.group];
    this.#failuresToCome = this.#turn.committing.length - 1;
    this.#turn.committing = [];
    this.#turn.group = new CommitGroup();
    const failure = new InterMachineError(code, reason);
    this.#setFailure(failure);
    this.#sending.failed();
    this.#receiving.failed();
    for (const group of lost) group.failed(failure);
    this.#receiving.rollBack();
    // What is true whether its time has come or not is written with the next commit.
    const facts = lost.flatMap((group) => group.facts);
    this.#turn.group.facts.unshift(...facts.filter(({ act }, at) => act || at >= facts.length - MAX_FACTS_KEPT));
    for (const peer of this.#receiving.connectedPeers)
      this.#turn.put({ type: 'close', peer, code: CLOSE.storeFailed, reason: 'what came could not be stored' });
  }

  #setFailure(failure: InterMachineError | undefined, isTight = this.#isTight): void {
    this.#turn.failure = failure;
    this.#isTight = isTight;
    this.#receiving.setFull(isTight || failure !== undefined);
  }

  #flush(): void {
    this.#sending.flush();
    this.#receiving.flush();
    for (const change of this.#volatileLog.take()) this.#turn.group.fact(change);
    const { group } = this.#turn;
    // A disk that is full is tried again at the next tick, not at once and for ever.
    if (!this.#isProbeDue && (this.#turn.failure || group.isEmpty)) return;
    this.#isProbeDue = false;
    this.#turn.group = new CommitGroup();
    this.#turn.committing.push(group);
    this.#turn.put({ type: 'commit', changes: group.changes });
  }
}
