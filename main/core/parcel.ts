import type { Envelope, OutcomeStatus } from '../../shared/envelope.ts';
import { partsOf } from '../../shared/ids.ts';
import type { NewLogRow, StoredEnvelope } from './ports.ts';

/** An envelope that is ready to go: its event was checked and is JSON text. */
export interface Parcel extends Omit<Envelope, 'event'> {
  readonly eventType: string;
  readonly eventJson: string;
  /** Milliseconds to reach its machine; a week unless told. */
  readonly ttlMs?: number;
}

export function storedFrom({ id, from, to, sentAt, correlationId, causationId, eventJson }: Parcel): StoredEnvelope {
  return {
    id,
    from: partsOf(from).machine,
    to: partsOf(to).machine,
    sentAt,
    ...(correlationId !== undefined && { correlationId }),
    ...(causationId !== undefined && { causationId }),
    eventJson,
  };
}

export const logRow = (
  { ttlMs: _, ...parcel }: Parcel,
  direction: NewLogRow['direction'],
  status: OutcomeStatus,
  loggedAt: number,
): NewLogRow => ({ ...parcel, direction, status, loggedAt });
