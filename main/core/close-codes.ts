/** Why a channel was closed, as WebSocket close codes. docs/protocol.md says what each means for a peer. */
export const CLOSE = {
  leaving: 4000,
  /** Another connection between the same two nodes stays. */
  duplicate: 4001,
  /** A newer generation took over. */
  superseded: 4002,
  /** Both ends are the same node. */
  self: 4003,
  /** Another node with the same id, started later, is connected. */
  displaced: 4411,
  badFrame: 4400,
  notTrusted: 4401,
  otherNamespace: 4404,
  /** No frame came for too long. */
  silent: 4408,
  /** Envelopes out of sequence. */
  outOfSequence: 4409,
  /** The line was for pairing alone, and that is over; the reason says how. */
  pairing: 4410,
  otherVersion: 4426,
  /** Our store could not keep what came; the peer sends it again on the next connection. */
  storeFailed: 4500,
} as const;
