/**
 * Every error a caller may meet, by its stable code. The code, not the class, crosses the wire.
 * docs/protocol.md lists what each one means and what to do.
 */
export type ErrorCode =
  // What was asked for
  | 'ADDRESS_INVALID'
  | 'ASK_TIMED_OUT'
  | 'EVENT_IGNORED'
  | 'EVENT_INVALID'
  | 'JOURNAL_DAMAGED'
  | 'JOURNAL_MISSING'
  | 'ENVELOPE_CHANGED'
  | 'ENVELOPE_DAMAGED'
  | 'ENVELOPE_EXPIRED'
  | 'ENVELOPE_TOO_LARGE'
  | 'MACHINE_AMBIGUOUS'
  | 'MACHINE_BUSY'
  | 'MACHINE_EXISTS'
  | 'MACHINE_FAILED'
  | 'MACHINE_ID_INVALID'
  | 'MACHINE_METADATA_INVALID'
  | 'MACHINE_STOPPED'
  | 'STATE_DAMAGED'
  | 'MACHINE_TYPE_INVALID'
  | 'MACHINE_UNKNOWN'
  | 'MACHINE_VERSION_INVALID'
  | 'MEMBERS_UNDECIDED'
  | 'NODE_STOPPED'
  | 'NODE_UNKNOWN'
  | 'NOT_ACCEPTED'
  | 'NOT_A_MACHINE'
  | 'NOT_LINKED'
  | 'NOT_PERSISTABLE'
  | 'NOT_WATCHABLE'
  | 'NO_MACHINE_OF_TYPE'
  | 'OUTBOX_FULL'
  | 'PEER_BUSY'
  | 'PEER_ALIVE'
  | 'PAIRING_BUSY'
  | 'PAIRING_FAILED'
  | 'PEER_FORGOTTEN'
  | 'PEER_OFFLINE'
  | 'REPLAY_DIFFERS'
  // The dashboard's calls
  | 'CALL_TIMED_OUT'
  | 'CALL_UNKNOWN'
  | 'INPUT_INVALID'
  | 'PIPE_CLOSED'
  | 'READ_ONLY'
  // The command line asks a running node
  | 'NODE_AMBIGUOUS'
  | 'NODE_NOT_RUNNING'
  | 'NODE_SILENT'
  // What came in
  | 'FRAME_INVALID'
  | 'PROTOCOL_DIFFERS'
  // What the machine or the person set up
  | 'BACKUP_FAILED'
  | 'CONFIG_INVALID'
  | 'DATA_DIR_LOCKED'
  | 'DATA_DIR_UNUSABLE'
  | 'DIAL_FAILED'
  | 'DIALLED_SELF'
  | 'IDENTITY_COPIED'
  | 'IDENTITY_INVALID'
  | 'NETWORK_KEY_INVALID'
  | 'NODE_TOO_OLD'
  | 'PORT_IN_USE'
  | 'PORT_UNUSABLE'
  | 'STORE_BROKEN'
  | 'STORE_CORRUPT'
  | 'STORE_FAILED'
  | 'STORE_FULL'
  | 'STORE_NEWER'
  | 'INTERNAL';

/** An error a person can act on: what happened, to what, and where it helps what to do. */
export class InterMachineError extends Error {
  override readonly name = 'InterMachineError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What to tell a person about anything that was thrown. */
export const reasonOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** The same, with the code under which people find it where it is one of ours. */
export const codedReasonOf = (thrown: unknown): string =>
  thrown instanceof InterMachineError ? `${thrown.message} (${thrown.code})` : reasonOf(thrown);
