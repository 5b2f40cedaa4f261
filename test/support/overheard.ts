import type { Accept, Transport } from '../../main/core/ports.ts';
import type { NodeId } from '../../shared/ids.ts';

/** A transport whose frames somebody hears as they arrive. */
export function overheard(transport: Transport, heard: (from: NodeId, text: string) => void): Transport {
  const tapped =
    (accept: Accept): Accept =>
    (connection) => {
      const reader = accept(connection);
      return {
        frame: (text) => {
          heard(connection.peer, text);
          reader.frame(text);
        },
        closed: (code, reason) => reader.closed(code, reason),
      };
    };
  return {
    listen: (accept, refuses) => transport.listen(tapped(accept), refuses),
    dial: (target, accept) => transport.dial(target, tapped(accept)),
    mayDial: (host) => transport.mayDial(host),
    stop: () => transport.stop(),
  };
}
