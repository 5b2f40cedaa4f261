import { CALLS, type Calls, type NodeView, type Streams, type Visitor } from '../../shared/api.ts';
import { InterMachineError } from '../../shared/errors.ts';
import { type MachineId, machineId } from '../../shared/ids.ts';
import type { Pipe } from '../../shared/pipe.ts';
import { type CallHandlers, serve } from '../../shared/rpc.ts';
import type { Started } from '../compose.ts';
import type { InterMachineNode } from '../core/node.ts';
import { deadLetterCallsOf } from './dead-letters.ts';
import { checked, INPUTS } from './inputs.ts';
import { streamsOf } from './streams.ts';
import { trustCallsOf } from './trust.ts';
import { journalRowView, messageView } from './views.ts';

/** Serves the dashboard's contract over a running node, to whoever is at the other end of the pipe. */
export function serveApi(started: Started, pipe: Pipe, visitor: Visitor): void {
  const calls = callsOf(started, visitor);
  serve<Calls, Streams>(pipe, visitor.mayAct ? calls : looksOnly(calls), streamsOf(started, visitor));
}

function looksOnly(calls: CallHandlers<Calls>): CallHandlers<Calls> {
  const refuse = () => {
    throw new InterMachineError('READ_ONLY', 'You may look here, and change nothing');
  };
  const refused = Object.keys(calls).filter((name) => CALLS[name as keyof Calls] === 'acts');
  return { ...calls, ...Object.fromEntries(refused.map((name) => [name, refuse])) };
}

function callsOf(started: Started, visitor: Visitor): CallHandlers<Calls> {
  const { node } = started;
  return {
    ...trustCallsOf(node, visitor),
    ...deadLetterCallsOf(node, visitor),
    node: (input) => {
      checked(INPUTS.nothing, input);
      return nodeView(started, visitor);
    },
    messages: async (input) => (await node.messages(checked(INPUTS.messages, input))).map(messageView),
    chart: async (input) => (await node.describe(checked(INPUTS.address, input).address)).chart,
    doctor: async (input) => {
      checked(INPUTS.nothing, input);
      return await started.diagnose();
    },
    search: (input) => {
      checked(INPUTS.nothing, input);
      return { behind: node.searchBehind };
    },
    journal: async (input) => {
      const { machine, ...query } = checked(INPUTS.journal, input);
      return (await node.journal(ownMachine(node, machine), query)).map(journalRowView);
    },
    send: async (input) => {
      const { to, event } = checked(INPUTS.send, input);
      const outcome = await node.sendTo(to, event);
      await node.trust.record('send', to, visitor, event.type);
      return outcome;
    },
    restart: async (input) => {
      const { machine: named, ...options } = checked(INPUTS.restart, input);
      const machine = ownMachine(node, named);
      node.restartMachine(machine, options);
      await node.trust.record('restart', machine, visitor);
      return {};
    },
    stop: async (input) => {
      const machine = ownMachine(node, checked(INPUTS.machine, input).machine);
      node.stopMachine(machine);
      await node.trust.record('stop', machine, visitor);
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
      `"${machine.id}" runs on another node, ${machine.node.slice(0, 12)}…: ask it there`,
    );
  return machine?.id ?? machineId(idOrAddress);
}

const nodeView = ({ node, dataDir, startedAt, version }: Started, { mayAct }: Visitor): NodeView => ({
  id: node.id,
  name: node.name,
  version,
  port: node.port,
  startedAt,
  mayAct,
  ...(dataDir && { dataDir }),
  ...(node.trust.keyId !== undefined && { networkKeyId: node.trust.keyId }),
});
