import type { Started } from '../compose.ts';
import type { MachineChange, MessageOutcome, NewLogRow, PeerInfo } from '../index.ts';

/** Where the dashboard is. */
export interface DashboardAddress {
  readonly url: string;
  /** The same for one browser, once and soon: for a command line, which other users may see. */
  readonly onceUrl: string;
}

/** Tells on standard output what happens on a node. */
export interface Printer {
  /** The first line. */
  ready(started: Started, dashboard: DashboardAddress | undefined): void;
  peer(peer: PeerInfo): void;
  machine(change: MachineChange): void;
  message(row: NewLogRow): void;
  outcome(outcome: MessageOutcome): void;
  /** What a machine wrote. */
  log(machine: string, text: string): void;
  problem(message: string): void;
  stopping(): void;
}
