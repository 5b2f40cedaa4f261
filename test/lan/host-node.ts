import type { ChildProcess } from 'node:child_process';
import type { Announcement } from '../../main/core/ports.ts';
import { announcementOf, eventually } from '../support/discovery.ts';
import type { LanHost } from '../support/lan.ts';
import { programFile } from '../support/programs.ts';
import type { HostCommand, HostReport } from './discovery-host.ts';

/** The discovery of a node, on one host of the LAN. */
export class HostNode {
  readonly self: Announcement;
  readonly reports: HostReport[] = [];
  readonly #child: ChildProcess;

  constructor(host: LanHost, id: string, changes: Partial<Announcement> = {}) {
    this.self = announcementOf(id, changes);
    this.#child = host.spawn(process.execPath, [programFile('lan-discovery')], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (report) => this.reports.push(report as HostReport));
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  tell(command: HostCommand): void {
    this.#child.send(command);
  }

  first<Type extends HostReport['type']>(
    type: Type,
    where: (report: HostReport & { type: Type }) => boolean = () => true,
  ): Promise<HostReport & { type: Type }> {
    return eventually(`${this.self.name}: ${type}`, () =>
      this.reports
        .filter((report): report is HostReport & { type: Type } => report.type === type)
        .find((report) => where(report)),
    );
  }

  async start(): Promise<this> {
    await this.first('ready');
    this.tell({ type: 'start', self: this.self });
    await this.first('started');
    return this;
  }

  sees(other: HostNode) {
    return this.first('seen', (report) => report.sighting.node === other.self.node);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
