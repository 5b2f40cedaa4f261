import type { Started } from '../compose.ts';
import type { MachineChange, MessageOutcome, NewLogRow, PeerInfo } from '../index.ts';
import type { DashboardAddress, Printer } from './printer.ts';

/** For programs: one JSON object a line, `event` first; the first one is `ready`. */
export class JsonPrinter implements Printer {
  /** Problems from before the first line. */
  #early: string[] | undefined = [];

  ready({ node, dataDir }: Started, dashboard: DashboardAddress | undefined): void {
    const { id: nodeId, name, port } = node;
    this.#line('ready', {
      nodeId,
      name,
      port,
      dashboard: dashboard?.url ?? null,
      dashboardOnce: dashboard?.onceUrl ?? null,
      dataDir: dataDir ?? null,
    });
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const message of early) this.problem(message);
  }

  peer({ id, name, state, endpoints, problem }: PeerInfo): void {
    this.#line('peer', { id, name, state, endpoints, ...(problem !== undefined && { problem }) });
  }

  machine({ type: change, machine }: MachineChange): void {
    this.#line('machine', { change, ...machine });
  }

  message({ eventType, eventJson, ...row }: NewLogRow): void {
    this.#line('message', { ...row, type: eventType, payload: JSON.parse(eventJson) as unknown });
  }

  outcome({ id, direction, status, code }: MessageOutcome): void {
    this.#line('outcome', { id, direction, status, ...(code && { code }) });
  }

  log(machine: string, text: string): void {
    this.#line('log', { machine, text });
  }

  problem(message: string): void {
    if (this.#early) this.#early.push(message);
    else this.#line('problem', { message });
  }

  stopping(): void {
    this.#line('stopping', {});
  }

  #line(event: string, fields: Readonly<Record<string, unknown>>): void {
    process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
  }
}
