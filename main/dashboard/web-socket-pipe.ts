import type { WebSocket } from 'ws';
import type { Pipe } from '../../shared/pipe.ts';
import type { Limits } from './limits.ts';

/** JSON text expected, something else came (RFC 6455, 7.4.1). */
const NOT_TEXT = 1003;
const NOT_JSON = 1007;

/** One browser page, or one script, as a pipe. Whoever does not read, or is not there any more, is cut. */
export function webSocketPipe(webSocket: WebSocket, limits: Limits): Pipe {
  let read: (message: unknown) => void = () => {};
  let silentMs = 0;

  const heartbeat = setInterval(() => {
    silentMs += limits.pingMs;
    if (silentMs >= limits.silenceMs) webSocket.terminate();
    else if (webSocket.readyState === webSocket.OPEN) webSocket.ping();
  }, limits.pingMs);
  heartbeat.unref();

  webSocket.on('message', (data, isBinary) => {
    silentMs = 0;
    if (webSocket.readyState !== webSocket.OPEN) return;
    if (isBinary) return webSocket.close(NOT_TEXT, 'JSON text is expected');
    let message: unknown;
    try {
      message = JSON.parse(data.toString());
    } catch {
      return webSocket.close(NOT_JSON, 'This is not JSON');
    }
    read(message);
  });
  for (const sign of ['ping', 'pong'] as const) {
    webSocket.on(sign, () => {
      silentMs = 0;
    });
  }
  webSocket.on('close', () => clearInterval(heartbeat));
  // `close` follows an error and is what counts.
  webSocket.on('error', () => {});

  return {
    send(message) {
      if (webSocket.readyState !== webSocket.OPEN) return;
      webSocket.send(JSON.stringify(message));
      // A close frame would queue behind what is not being read.
      if (webSocket.bufferedAmount > limits.waitingBytes) webSocket.terminate();
    },
    onMessage(reader) {
      read = reader;
    },
    onClose(told) {
      webSocket.on('close', () => told());
    },
    close() {
      webSocket.close(1000);
    },
  };
}
