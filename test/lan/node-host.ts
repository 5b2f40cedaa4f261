import { createNode, type InterMachineNode, type NodeOptions, type PeerInfo } from '../../main/index.ts';
import { addressOf, machineId, nodeId } from '../../shared/ids.ts';
import { collector } from '../support/machines.ts';

/** What a test tells the node on one host of the LAN. */
export type NodeCommand =
  | { readonly type: 'start'; readonly options: NodeOptions }
  /** Sends an event to the machine of another node, and tells when it was handled. */
  | { readonly type: 'send'; readonly to: string; readonly n: number }
  | { readonly type: 'cost' }
  /** Tells when it knows of so many other nodes. Of one that was only seen nothing is emitted: it is looked for. */
  | { readonly type: 'find'; readonly peers: number }
  | { readonly type: 'stop' };

/** What that node reports. `at` is in milliseconds of the kernel's monotonic clock, the same on all hosts of the LAN. */
export type NodeReport = { readonly at: number } & (
  | { readonly type: 'ready' | 'starting' | 'found' | 'stopping' | 'stopped' }
  | { readonly type: 'started'; readonly id: string }
  | { readonly type: 'peer'; readonly peer: PeerInfo }
  | { readonly type: 'handled'; readonly n: number }
  | { readonly type: 'problem'; readonly message: string }
  /** Of the whole process: milliseconds of processor time since its start, bytes of memory in use. */
  | { readonly type: 'cost'; readonly cpuMs: number; readonly memory: number }
);

const LOOK_EVERY_MS = 20;

/** A host program: runs one whole node as its parent says, and tells what it sees. It ends with its parent. */
function main(): void {
  let node: InterMachineNode | undefined;
  /** The numbers of what was sent, by the ids of their envelopes. */
  const sent = new Map<string, number>();
  const report = (what: Record<string, unknown>) => {
    if (process.connected) process.send?.({ at: Number(process.hrtime.bigint()) / 1e6, ...what });
  };

  async function obey(command: NodeCommand): Promise<void> {
    switch (command.type) {
      case 'start': {
        report({ type: 'starting' });
        node = await createNode({ ...command.options, report: (message) => report({ type: 'problem', message }) });
        for (const peer of node.peers()) report({ type: 'peer', peer });
        node.on('peer', (peer) => report({ type: 'peer', peer }));
        node.on('problem', (message) => report({ type: 'problem', message }));
        node.on('outcome', ({ id, status }) => {
          const n = sent.get(id);
          if (n !== undefined && status === 'handled') report({ type: 'handled', n });
        });
        await node.register('Sink', collector, { id: 'sink' });
        return report({ type: 'started', id: node.id });
      }
      case 'send': {
        const sink = addressOf(nodeId(command.to), machineId('sink'));
        if (!node) return;
        await heardOf(node, sink);
        const accepted = await node.sendTo(sink, { type: 'NUMBER', n: command.n }, { until: 'accepted' });
        sent.set(accepted.id, command.n);
        return;
      }
      case 'cost': {
        const { user, system } = process.cpuUsage();
        return report({ type: 'cost', cpuMs: (user + system) / 1000, memory: process.memoryUsage.rss() });
      }
      case 'find': {
        const look = () =>
          node && node.peers().length >= command.peers
            ? report({ type: 'found' })
            : void setTimeout(look, LOOK_EVERY_MS);
        return look();
      }
      case 'stop':
        report({ type: 'stopping' });
        await node?.stop();
        report({ type: 'stopped' });
        return process.disconnect();
    }
  }

  process.on('disconnect', () => process.exit());
  process.on('message', (command) => void obey(command as NodeCommand));
  report({ type: 'ready' });
}

/** A line is open before the list of the peer's machines came over it. */
async function heardOf(node: InterMachineNode, machine: string): Promise<void> {
  if (node.machine(machine)) return;
  await new Promise<void>((resolve) => {
    const stop = node.on('machine', () => {
      if (!node.machine(machine)) return;
      stop();
      resolve();
    });
  });
}

if (process.send) main();
