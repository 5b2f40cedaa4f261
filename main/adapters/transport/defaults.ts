import { MAX_FRAME_BYTES } from '../../core/defaults.ts';

/** Milliseconds for TLS, and again for the HTTP upgrade: a slow device needs one, a silent one would need a socket for ever. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Milliseconds from the dial to an open line, over all its endpoints. */
export const DIAL_TIMEOUT_MS = 3_000;
/** The same where somebody answers and packets get lost: what is on its way by then is worth waiting for. */
export const LOSSY_DIAL_TIMEOUT_MS = 8_000;
/** Milliseconds that an endpoint is ahead of the next one (RFC 8305, 8, recommends 250). */
export const STAGGER_MS = 250;
/** The same once TCP got through: TLS is slow on a slow device, or where twenty nodes start together, and a second one would only be more work. */
export const ANSWERED_STAGGER_MS = 750;
/**
 * Milliseconds until an endpoint is dialled once more beside the first time where packets get lost. The system sends them again after ever longer
 * pauses (RFC 6298, 5.5), of which a fresh connection knows nothing.
 */
export const AGAIN_MS = 500;
/** More addresses of one node are not tried in one dial. */
export const MAX_ENDPOINTS = 4;
/** Milliseconds that a peer gets to answer a close; stays below the second within which a transport stops. */
export const CLOSE_TIMEOUT_MS = 900;
/** Milliseconds that the frames of one line get in the turn in which they come, and that those of all lines behind get in a turn: others wait no longer. */
export const LINE_SLICE_MS = 2;
export const READING_SLICE_MS = 5;
/** Bytes on their way to a peer, beyond which WebSocket's own pings are not answered. */
export const MAX_PONG_BACKLOG_BYTES = 64 * 1024;
/** Frames that are read after we closed, to reach the answer behind them: four times what may be under way between honest nodes. */
export const MAX_LEFT_ASIDE = 64;
/** Open lines, dialled and accepted. Two for every peer of a large LAN, and still far from the usual 1,024 files of a process. */
export const MAX_CONNECTIONS = 512;
/** Accepted lines of nodes that we do not know; all others are for those that we do. */
export const MAX_STRANGERS_LINES = 64;
/** Sockets on their way to a line; beyond, the one that is at it longest gives its place to the next: an honest one needs milliseconds. */
export const MAX_HANDSHAKES = 128;
/** Sockets that wait for their turn, and of one address; further ones are closed unheard, and dial again. */
export const MAX_WAITING = 512;
export const MAX_WAITING_OF_ONE = 256;
/** Sockets that begin with TLS in one turn of the event loop, half a millisecond of work each. */
export const ADMITTED_IN_ONE_TURN = 4;
/** The close code of a node that stops (docs/protocol.md). */
export const LEAVING = 4000;
/** Bytes. A request of ours has about 200. */
export const MAX_HTTP_HEADER_BYTES = 4096;

/**
 * For both ends of a WebSocket. Compression is off: it costs more than a LAN saves, and is one more thing to attack.
 * A frame of ours is one fragment; the rest keeps a peer from making us hold many small pieces.
 */
export const WEBSOCKET_OPTIONS = {
  perMessageDeflate: false,
  // They wait for their turn, as all other frames do.
  autoPong: false,
  maxPayload: MAX_FRAME_BYTES,
  maxFragments: 8,
  maxBufferedChunks: 4096,
  closeTimeout: CLOSE_TIMEOUT_MS,
};
