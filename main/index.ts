import { InterMachineError, reasonOf } from '../shared/errors.ts';
import type { NodeId } from '../shared/ids.ts';
import { type Started, startFrom } from './compose.ts';
import { configFrom, type NodeOptions } from './config.ts';
import type { AnyTypes } from './core/machine-types.ts';
import type { InterMachineNode } from './core/node.ts';
import {
  type InProcessOptions,
  InterMachineConnector,
  InterMachineSession,
  LocalMachineRegistrator,
  toStandardError,
} from './in-process.ts';

export interface CreateNodeOptions extends NodeOptions {
  /** Told what goes wrong while the node goes on; standard error unless told. */
  readonly report?: (message: string) => void;
}

/**
 * Starts a node: it finds the other nodes of this user, or of the same network key, on this host and on the LAN.
 * Rejects with an InterMachineError whose message says what to do.
 */
export async function createNode<Types extends object = AnyTypes>({
  report = toStandardError,
  ...options
}: CreateNodeOptions = {}): Promise<InterMachineNode<Types>> {
  const started = await startFrom<Types>(configFrom(options, process.env), report);
  const { node } = started;
  dashboardless.set(node, { started: started as unknown as Started, report });
  return node;
}

/** Nodes of `createNode`, by themselves: what a dashboard needs beyond them. */
const dashboardless = new WeakMap<object, { readonly started: Started; readonly report: (message: string) => void }>();

export interface DashboardOptions {
  /** TCP port on this computer; 0, the default, for any free one. */
  readonly port?: number;
}

/**
 * Serves the dashboard of a node that `createNode` made, on this computer alone, and lets `intermachine peers` and the
 * other commands ask the node. It ends with the node. Resolves to what opens it in a browser; whoever has that URL may
 * act. Rejects with PORT_IN_USE, PORT_UNUSABLE, DATA_DIR_UNUSABLE, IDENTITY_INVALID; CONFIG_INVALID for another node or a second time.
 */
export async function openDashboard(
  node: { readonly id: NodeId },
  { port = 0 }: DashboardOptions = {},
): Promise<{ readonly url: string }> {
  const own = dashboardless.get(node);
  if (!own)
    throw new InterMachineError(
      'CONFIG_INVALID',
      `openDashboard: ${node.id} has a dashboard already, or is not of createNode`,
    );
  dashboardless.delete(node);
  try {
    // Programs that serve none do not load the server.
    const { openLocalApi } = await import('./local-api.ts');
    const api = await openLocalApi(own.started, { port, page: true, report: own.report });
    own.started.node.on('stopping', () => void api.stop().catch((thrown) => own.report(reasonOf(thrown))));
    return { url: api.url };
  } catch (thrown) {
    dashboardless.set(node, own);
    throw thrown;
  }
}

export type { Chart, MachineDefinition } from '../shared/api.ts';
export type {
  Envelope,
  MachineEvent,
  Outcome,
  OutcomeStatus,
  SendableEvent,
  Until,
} from '../shared/envelope.ts';
export type { ErrorCode } from '../shared/errors.ts';
export type { Address, MachineId, NodeId } from '../shared/ids.ts';
export type { NodeOptions } from './config.ts';
export { type Origin, originOf } from './core/acting.ts';
export type { AskOptions, Reply } from './core/asks.ts';
export type { Balance, Choice } from './core/balancing.ts';
export type { FindOptions, MachineState, SeenMachine, Where } from './core/finding.ts';
export type { FollowTarget } from './core/following.ts';
export type { AnyTypes, Contract, Takes } from './core/machine-types.ts';
export type { SendOptions } from './core/machinery.ts';
export type { MachineDown } from './core/monitoring.ts';
export type { InterMachineNode, MessageOutcome, NodeEvents } from './core/node.ts';
export type { PeerInfo, PeerState } from './core/peers.ts';
export type {
  Clock,
  Direction,
  Endpoint,
  JournalQuery,
  JournalRow,
  LogRow,
  MessageQuery,
  NewLogRow,
} from './core/ports.ts';
export type { RegisteredMachine } from './core/registered-machine.ts';
export type {
  Found,
  MachineRegistrator,
  OneMachine,
  OneOfType,
  RegisterOptions,
  TypeInfo,
  WaitOptions,
  WatchObserver,
} from './core/registrator.ts';
export type { MachineDescription, MachineInfo } from './core/registry.ts';
export type { MachineChange } from './core/registry-sync.ts';
export type { RemoteActor } from './core/remote-machine.ts';
export type { RemoteSnapshot } from './core/remote-snapshot.ts';
export type { ConnectedMachine } from './core/session.ts';
export type { MachineQuery, Subscription } from './core/subscriptions.ts';
export type { Accept, Terms } from './core/terms.ts';
export { defineMachine, type MachineModule } from './machine-files/definition.ts';
export {
  type InProcessOptions,
  InterMachineConnector,
  InterMachineError,
  InterMachineSession,
  LocalMachineRegistrator,
};
