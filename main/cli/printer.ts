import type { Started } from '../compose.ts';
import type { MachineChange, MessageOutcome, NewLogRow, PeerInfo } from '../index.ts';

/** Tells on standard output what happens on a node. */
export interface Printer {
  /** The first line. */
  ready(started: Started, dashboardUrl: string | undefined): void;
  peer(peer: PeerInfo): void;
  machine(change: MachineChange): void;
  message(row: NewLogRow): void;
  outcome(outcome: MessageOutcome): void;
  /** What a machine wrote. */
  log(machine: string, text: string): void;
  problem(message: string): void;
  stopping(): void;
}
