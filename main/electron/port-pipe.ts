import type { MessagePortMain } from 'electron';
import type { Pipe } from '../../shared/pipe.ts';

/** A page's end of the dashboard's calls, as the engine sees it. */
export function portPipe(port: MessagePortMain): Pipe {
  return {
    send: (message) => port.postMessage(message),
    onMessage(read) {
      port.on('message', ({ data }) => read(data));
      port.start();
    },
    onClose: (told) => port.on('close', told),
    close: () => port.close(),
  };
}
