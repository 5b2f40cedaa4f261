import { nodeIdOf } from '../../../main/adapters/identity/certificate.ts';
import { createKeyMaterial, type KeyMaterial } from '../../../main/adapters/identity/file.ts';
import { WebSocketTransport, type WebSocketTransportOptions } from '../../../main/adapters/transport/websocket.ts';

/** A transport of a new node on the loopback, and what it logged. */
export interface LoopbackNode extends KeyMaterial {
  readonly id: KeyMaterial['node'];
  readonly transport: WebSocketTransport;
  readonly logged: string[];
}

export interface LoopbackOptions extends Partial<WebSocketTransportOptions> {
  /** Listens on every address, as a node does unless told; else on 127.0.0.1 alone. */
  readonly everywhere?: boolean;
}

export function loopbackNode(
  { everywhere = false, ...options }: LoopbackOptions = {},
  material = createKeyMaterial(),
): LoopbackNode {
  const logged: string[] = [];
  const transport = new WebSocketTransport({
    ...material,
    nodeIdOf,
    ...(!everywhere && { host: '127.0.0.1' }),
    log: (message) => logged.push(message),
    ...options,
  });
  return { ...material, id: material.node, transport, logged };
}
