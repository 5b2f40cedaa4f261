import { nodeIdOf } from '../../main/adapters/identity/certificate.ts';
import { createKeyMaterial, type KeyMaterial } from '../../main/adapters/identity/file.ts';
import { WebSocketTransport } from '../../main/adapters/transport/websocket.ts';
import type { Accept, Connection } from '../../main/core/ports.ts';
import { decode, encode, type Frame, type Hello } from '../../main/core/wire.ts';
import type { NodeId } from '../../shared/ids.ts';

/** A node of our own making on a real line: it has a key pair, says what it is told to, and writes down all that it hears. */
export class Stranger {
  readonly material: KeyMaterial;
  readonly #transport: WebSocketTransport;
  readonly heard: Frame[] = [];
  /** Every text that came, as it came. */
  readonly texts: string[] = [];
  connection: Connection | undefined;
  #closed = Promise.withResolvers<{ readonly code: number; readonly reason: string }>();
  readonly #waiting = new Set<() => void>();

  constructor(material = createKeyMaterial()) {
    this.material = material;
    this.#transport = new WebSocketTransport({ ...material, nodeIdOf, log: () => {} });
  }

  get id(): NodeId {
    return this.material.node;
  }

  /** Why and how its last line ended. */
  get closed(): Promise<{ readonly code: number; readonly reason: string }> {
    return this.#closed.promise;
  }

  /** A line to the node that listens there; rejects where it gets none. */
  async dial(port: number): Promise<void> {
    this.#closed = Promise.withResolvers();
    await this.#transport.dial({ endpoints: [{ host: '127.0.0.1', port }] }, this.#accept);
  }

  /** Takes lines, too; the newest is the one that counts. */
  async listen(): Promise<number> {
    return (await this.#transport.listen(this.#accept)).port;
  }

  readonly #accept: Accept = (connection) => {
    this.connection = connection;
    const closed = this.#closed;
    return {
      frame: (text) => {
        this.texts.push(text);
        const frame = decode(text);
        if (frame) this.heard.push(frame);
        for (const look of this.#waiting) look();
      },
      closed: (code, reason) => closed.resolve({ code, reason }),
    };
  };

  /** Says hello as an honest node of the same namespace would, but for what is told otherwise. */
  async hello(otherwise: Partial<Hello> = {}): Promise<Hello> {
    const theirs = await this.until('hello');
    const { pair: _, ...same } = theirs;
    this.send({ ...same, id: this.id, name: 'stranger', port: 1, proofs: [], ...otherwise });
    return theirs;
  }

  send(frame: Frame): void {
    this.raw(encode(frame));
  }

  raw(text: string): void {
    this.connection?.send(text);
  }

  async until<Type extends Frame['type']>(type: Type): Promise<Frame & { type: Type }> {
    const { promise, resolve } = Promise.withResolvers<Frame & { type: Type }>();
    const look = () => {
      const found = this.heard.find((frame): frame is Frame & { type: Type } => frame.type === type);
      if (found) resolve(found);
    };
    this.#waiting.add(look);
    look();
    const found = await promise;
    this.#waiting.delete(look);
    return found;
  }

  stop(): Promise<void> {
    return this.#transport.stop();
  }
}
