import type { ErrorCode } from './errors.ts';
import type { Address } from './ids.ts';

/** An event as it travels between machines: an XState event object of plain JSON. */
export interface MachineEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** What may be sent: any event object, whether its type has an index signature or not. That it is plain JSON is checked then. */
export type SendableEvent = MachineEvent | { readonly type: string };

/** One event on its way from one machine to another. */
export interface Envelope {
  /** Unique per sending node. */
  readonly id: string;
  readonly from: Address;
  readonly to: Address;
  readonly event: MachineEvent;
  /** The sender's wall clock, milliseconds since the Unix epoch. For people; never compared with another host's clock. */
  readonly sentAt: number;
  /** The id of the envelope this one answers. */
  readonly correlationId?: string;
  /** Somebody waits for the reply; it settles a promise and is no event for its sender. */
  readonly isAsk?: true;
  /** The id of the envelope that its sender was handling when it sent this one. */
  readonly causationId?: string;
}

/**
 * What became of an envelope. Interim: `accepted` (on disk at the sender), `delivered` (on disk at the receiver).
 * Final, exactly one: `handled` (the machine took it), `ignored` (its present state has no transition for it),
 * `refused` (with a code), `dead` (with a code), `expired`, `lost`.
 */
export type OutcomeStatus = 'accepted' | 'delivered' | 'handled' | 'ignored' | 'refused' | 'dead' | 'expired' | 'lost';

export interface Outcome {
  /** The envelope's id. */
  readonly id: string;
  readonly status: OutcomeStatus;
  readonly code?: ErrorCode;
}

/** Whether a row of the log came, went, or stayed on this node. */
export type Direction = 'in' | 'out' | 'local';

/** How far a send waits before its promise resolves. */
export type Until = 'accepted' | 'delivered' | 'handled';

const RANK: Record<OutcomeStatus, number> = {
  accepted: 0,
  delivered: 1,
  handled: 2,
  ignored: 2,
  refused: 2,
  dead: 2,
  expired: 2,
  lost: 2,
};

/** Whether nothing more will be heard of an envelope with this status. */
export const isFinal = (status: OutcomeStatus): boolean => RANK[status] === 2;

/** Whether `status` is at least as far as `until` asks for. */
export const reaches = (status: OutcomeStatus, until: Until): boolean => RANK[status] >= RANK[until];
