import { InterMachineError } from '../../../shared/errors.ts';
import type { Pipe } from '../../../shared/pipe.ts';

declare global {
  interface Window {
    /** The desktop's bridge; missing in a browser. */
    readonly intermachine?: { connect(): void };
  }
}

/** Milliseconds. A node on this host answers within a few; one that is starting takes a second or two. */
const OPEN_TIMEOUT_MS = 5_000;

/** To the node that served the page. Rejects with PIPE_CLOSED. */
export const openPipe = (): Promise<Pipe> => (window.intermachine ? openPort(window.intermachine) : openWebSocket());

/** The desktop asks the engine for a port and passes it on as a message to its own window. */
function openPort(bridge: { connect(): void }): Promise<Pipe> {
  const { promise, resolve, reject } = Promise.withResolvers<Pipe>();
  const read = (event: MessageEvent) => {
    const [port] = event.ports;
    if (event.source !== window || event.data !== 'intermachine:port' || !port) return;
    resolve(portPipe(port));
  };
  window.addEventListener('message', read);
  const timer = setTimeout(() => reject(closed('The engine did not answer')), OPEN_TIMEOUT_MS);
  bridge.connect();
  return promise.finally(() => {
    clearTimeout(timer);
    window.removeEventListener('message', read);
  });
}

export function portPipe(port: MessagePort): Pipe {
  return {
    send: (message) => port.postMessage(message),
    onMessage(read) {
      port.onmessage = (event) => read(event.data);
    },
    // Electron's own event; a browser knows none, and has no bridge either.
    onClose: (told) => port.addEventListener('close', told),
    close: () => port.close(),
  };
}

function openWebSocket(): Promise<Pipe> {
  const { promise, resolve, reject } = Promise.withResolvers<Pipe>();
  const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api`);
  const timer = setTimeout(() => socket.close(), OPEN_TIMEOUT_MS);
  socket.onopen = () => resolve(webSocketPipe(socket));
  socket.onclose = () => {
    void whyRefused().then((why) => reject(closed(why)));
  };
  return promise.finally(() => clearTimeout(timer));
}

function webSocketPipe(socket: WebSocket): Pipe {
  socket.onclose = null;
  return {
    send(message) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    onMessage(read) {
      socket.onmessage = (event) => {
        const message = parsed(event.data);
        if (message === undefined) socket.close(1007);
        else read(message);
      };
    },
    onClose: (told) => socket.addEventListener('close', told),
    close: () => socket.close(),
  };
}

function parsed(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A browser does not tell a page why its WebSocket failed; a plain request does. */
async function whyRefused(): Promise<string> {
  try {
    const { status } = await fetch('/', { method: 'HEAD', cache: 'no-store' });
    if (status === 401 || status === 403)
      return 'The node does not know this browser any more: open the address that it prints at its start';
    return 'The node does not answer';
  } catch {
    return 'The node is not running, or cannot be reached';
  }
}

const closed = (why: string) => new InterMachineError('PIPE_CLOSED', why);
