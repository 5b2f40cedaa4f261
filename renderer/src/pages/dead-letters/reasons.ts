import type { ErrorCode } from '../../../../shared/errors.ts';

/** What a letter's reason means to a person. */
const MEANINGS: Partial<Record<ErrorCode, string>> = {
  ENVELOPE_CHANGED: 'Its node sent another one under the same name.',
  ENVELOPE_DAMAGED: 'The disk did not keep it.',
  ENVELOPE_EXPIRED: 'Its time was over before its machine could have it.',
  EVENT_INVALID: 'It is no event: it cannot be sent again.',
  MACHINE_BUSY: 'Too much waited for its machine already.',
  MACHINE_FAILED: 'Its machine failed at it, three times.',
  MACHINE_STOPPED: 'Its machine had ended.',
  MACHINE_UNKNOWN: 'Its machine is unregistered, or never was there.',
  NOT_ACCEPTED: 'Its machine does not accept it.',
  OUTBOX_FULL: 'Too much waited for its node already.',
  PEER_FORGOTTEN: 'Somebody decided that its node will never return.',
};

export const meaningOf = (reason: ErrorCode): string => MEANINGS[reason] ?? '';
