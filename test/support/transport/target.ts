import { expect } from 'vitest';
import type { WebSocketTransportOptions } from '../../../main/adapters/transport/websocket.ts';
import { type LoopbackNode, loopbackNode } from './nodes.ts';
import { Recorder } from './recorder.ts';
import { until } from './until.ts';

/** A node that others attack, and a healthy line to it whose traffic must not notice. */
export interface Target extends LoopbackNode {
  readonly port: number;
  /** The lines that strangers got. */
  readonly strangers: Recorder;
  /** Checks that the healthy line lost nothing, and stops everything. */
  finish(): Promise<void>;
}

export async function target(options: Partial<WebSocketTransportOptions> = {}): Promise<Target> {
  const node = loopbackNode(options);
  const friend = loopbackNode();
  const healthy = new Recorder();
  const strangers = new Recorder();
  const { port } = await node.transport.listen((connection) =>
    (connection.peer === friend.id ? healthy : strangers).accept(connection),
  );
  const answers = new Recorder();
  await friend.transport.dial({ node: node.id, endpoints: [{ host: '127.0.0.1', port }] }, answers.accept);
  const [there, here] = [await healthy.line(), await answers.line()];

  const sent: string[] = [];
  const traffic = setInterval(() => {
    sent.push(`${sent.length}`);
    here.connection.send(`${sent.length - 1}`);
    there.connection.send(`${sent.length - 1}`);
  }, 3);

  return {
    ...node,
    port,
    strangers,
    finish: async () => {
      // At least one more frame each way, after whatever was done to the node.
      const before = sent.length;
      await until('traffic goes on', () => sent.length > before + 1);
      clearInterval(traffic);
      await until('all traffic arrives', () => there.frames.length + here.frames.length >= 2 * sent.length);
      expect([there.frames, here.frames, there.closes, here.closes]).toEqual([sent, sent, [], []]);
      await Promise.all([node.transport.stop(), friend.transport.stop()]);
    },
  };
}
