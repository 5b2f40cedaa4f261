import type { JournalRowView, MachineView, MessageView, PeerView } from '../../shared/api.ts';
import { valueText } from '../core/chart.ts';
import type { InterMachineNode } from '../core/node.ts';
import type { Backlog } from '../core/outgoing-stream.ts';
import type { PeerInfo } from '../core/peers.ts';
import type { JournalRow, LogRow } from '../core/ports.ts';
import type { MachineInfo } from '../core/registry.ts';

// From what the node knows to what a dashboard shows.

export const peerView = (node: InterMachineNode, peer: PeerInfo): PeerView => ({
  ...peer,
  ...backlogView(node.backlogOf(peer.id)),
});

const backlogView = ({ rows, length, ...more }: Backlog) => ({ waiting: rows, waitingLength: length, ...more });

export function machineView(node: InterMachineNode, machine: MachineInfo): MachineView {
  const nodeName = machine.local ? node.name : (node.peers().find((peer) => peer.id === machine.node)?.name ?? '');
  // The actor of one that cannot go on stands at its beginning, where the machine is not.
  const known = machine.reachable && machine.running ? node.stateOf(machine.address) : undefined;
  return {
    ...machine,
    nodeName,
    ...(machine.local && node.isPersisted(machine.id) && { persisted: true }),
    ...(machine.local && node.isJournaled(machine.id) && { journaled: true }),
    ...(known && { state: valueText(known.value ?? {}), status: known.status }),
  };
}

export const messageView = ({ event, ...row }: LogRow): MessageView => ({
  ...row,
  eventType: event.type,
  eventJson: JSON.stringify(event),
});

export const journalRowView = ({ seq, at, from, event, state, damaged }: JournalRow): JournalRowView =>
  damaged
    ? { seq, damaged }
    : {
        ...{ seq, at, from },
        eventType: event.type,
        eventJson: JSON.stringify(event),
        state: state === null ? '' : valueText(state),
      };
