import type { Calls, NodeView, Streams } from '../../shared/api.ts';
import { InterMachineError } from '../../shared/errors.ts';
import { type MachineId, machineId } from '../../shared/ids.ts';
import type { Pipe } from '../../shared/pipe.ts';
import { type CallHandlers, serve } from '../../shared/rpc.ts';
import type { Started } from '../compose.ts';
import type { InterMachineNode } from '../core/node.ts';
import { checked, INPUTS } from './inputs.ts';
import { streamsOf } from './streams.ts';
import { messageView } from './views.ts';

/** Serves the dashboard's contract over a running node, to whoever is at the other end of the pipe. */
export function serveApi(started: Started, pipe: Pipe): void {
  serve<Calls, Streams>(pipe, callsOf(started), streamsOf(started));
}

function callsOf(started: Started): CallHandlers<Calls> {
  const { node } = started;
  return {
    node: (input) => {
      checked(INPUTS.nothing, input);
      return nodeView(started);
    },
    messages: async (input) => (await node.messages(checked(INPUTS.messages, input))).map(messageView),
    chart: async (input) => (await node.describe(checked(INPUTS.address, input).address)).chart,
    doctor: async (input) => {
      checked(INPUTS.nothing, input);
      return await started.diagnose();
    },
    send: async (input) => {
      const { to, event } = checked(INPUTS.send, input);
      return await node.sendTo(to, event);
    },
    restart: (input) => {
      node.restartMachine(ownMachine(node, checked(INPUTS.machine, input).machine));
      return {};
    },
    stop: (input) => {
      node.stopMachine(ownMachine(node, checked(INPUTS.machine, input).machine));
      return {};
    },
  };
}

/** The id of a machine of this node, which may be meant by its address. Throws MACHINE_UNKNOWN. */
function ownMachine(node: InterMachineNode, idOrAddress: string): MachineId {
  const machine = node.machine(idOrAddress);
  if (machine && !machine.local)
    throw new InterMachineError(
      'MACHINE_UNKNOWN',
      `"${machine.id}" runs on another node, ${machine.node.slice(0, 12)}…: start and stop it there`,
    );
  return machine?.id ?? machineId(idOrAddress);
}

const nodeView = ({ node, dataDir, startedAt, version }: Started): NodeView => ({
  id: node.id,
  name: node.name,
  version,
  port: node.port,
  startedAt,
  ...(dataDir && { dataDir }),
  ...(node.trust.keyId !== undefined && { networkKeyId: node.trust.keyId }),
});
