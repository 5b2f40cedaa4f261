import { startFrom } from './compose.ts';
import { configFrom, type NodeOptions } from './config.ts';
import type { InterMachineNode } from './core/node.ts';

export interface CreateNodeOptions extends NodeOptions {
  /** Told what goes wrong while the node goes on; standard error unless told. */
  readonly report?: (message: string) => void;
}

/**
 * Starts a node: it finds the other nodes of this user, or of the same network key, on this host and on the LAN.
 * Rejects with an InterMachineError whose message says what to do.
 */
export async function createNode({
  report = toStandardError,
  ...options
}: CreateNodeOptions = {}): Promise<InterMachineNode> {
  const { node } = await startFrom(configFrom(options, process.env), report);
  return node;
}

const toStandardError = (message: string): void => {
  process.stderr.write(`intermachine: ${message}\n`);
};

export type { Envelope, MachineEvent, Outcome, OutcomeStatus, SendableEvent, Until } from '../shared/envelope.ts';
export { type ErrorCode, InterMachineError } from '../shared/errors.ts';
export type { Address, MachineId, NodeId } from '../shared/ids.ts';
export type { NodeOptions } from './config.ts';
export type {
  InterMachineNode,
  MessageOutcome,
  NodeEvents,
  RegisterOptions,
  TypeInfo,
  WaitOptions,
} from './core/node.ts';
export type { PeerInfo, PeerState } from './core/peers.ts';
export type { Direction, Endpoint, LogRow, MessageQuery, NewLogRow } from './core/ports.ts';
export type { RegisteredMachine, SendOptions } from './core/registered-machine.ts';
export type { MachineDescription, MachineInfo } from './core/registry.ts';
export type { MachineChange } from './core/registry-sync.ts';
