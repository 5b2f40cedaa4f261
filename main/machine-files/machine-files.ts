import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileView } from '../../shared/api.ts';
import { Emitter } from '../../shared/emitter.ts';
import { reasonOf } from '../../shared/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { HostedDefinition } from './definition.ts';
import { MachineFolder } from './folder.ts';
import { type Fact, type HostedFile, Hosting, type Order } from './hosting.ts';
import { type Loaded, loadFile } from './load-file.ts';
import { fileProblem, problemsText } from './problems.ts';
import { readText } from './read-text.ts';

/** Where the machines of files run. It knows nothing of files. */
export interface MachineHost {
  /** Starts one; resolves to its id. */
  register(definition: HostedDefinition): Promise<string>;
  /** Puts a new definition in the place of a machine; resolves to how it went on: one sentence. */
  replace(id: string, definition: HostedDefinition): Promise<string>;
  unregister(id: string): Promise<void>;
}

export interface MachineFilesOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly host: MachineHost;
  /** Told what a person should know: one sentence. */
  readonly report: (message: string) => void;
}

interface FilesEvents {
  /** Something of the list is another. */
  readonly changed: undefined;
}

/** Runs the machines of a folder: what is in it lives on the node, what is changed is changed there, what is gone ends. */
export class MachineFiles {
  readonly folder: string;
  readonly #clock: Clock;
  readonly #host: MachineHost;
  readonly #report: (message: string) => void;
  readonly #events: Emitter<FilesEvents>;
  readonly #hosting = new Hosting();
  readonly #looks: MachineFolder;
  readonly #imports = new Map<string, readonly string[]>();
  /** Of what each file was made from, when it was last taken. */
  readonly #digests = new Map<string, string>();
  #isStopped = false;

  constructor({ folder, clock, host, report }: MachineFilesOptions) {
    this.folder = folder;
    this.#clock = clock;
    this.#host = host;
    this.#report = report;
    this.#events = new Emitter(report);
    this.#looks = new MachineFolder(folder, clock, {
      importsOf: (name) => this.#imports.get(name) ?? [],
      seen: (changed, gone) => this.#seen(changed, gone),
      trouble: (message) => report(`the folder ${folder}: ${message}`),
    });
  }

  /** Resolves when the machines of all files that are there run. */
  async start(): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
    } catch (thrown) {
      this.#report(`the folder ${this.folder} cannot be made: ${reasonOf(thrown)}`);
    }
    await this.#looks.start();
  }

  /** Starts and ends nothing any more. The machines are left to whoever stops the node. */
  stop(): void {
    this.#isStopped = true;
    this.#looks.stop();
  }

  /** In alphabetical order. */
  list(): readonly FileView[] {
    const views = [...this.#hosting.files].map(([name, file]) => fileView(name, file));
    return views.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  on(name: 'changed', listener: () => void): () => void {
    return this.#events.on(name, listener);
  }

  async #seen(changed: readonly string[], gone: readonly string[]): Promise<void> {
    for (const file of gone) {
      this.#imports.delete(file);
      this.#digests.delete(file);
      await this.#take({ type: 'removed', file });
    }
    for (const file of changed) {
      if (this.#isStopped) return;
      const path = join(this.folder, file);
      const loaded = await loadFile(path, this.#clock);
      this.#imports.set(file, loaded.imports);
      const digest = await digestOf([path, ...loaded.imports]);
      // Saved again without a change, or touched: its machines go on undisturbed.
      if (digest === this.#digests.get(file) && loaded.definition) continue;
      if (loaded.definition) this.#digests.set(file, digest);
      else this.#digests.delete(file);
      await this.#take(factOf(file, loaded, this.#hosting.files.has(file)));
    }
  }

  /** One order after the other; what cannot be carried out is a problem of its file, not of the others. */
  async #take(fact: Fact): Promise<void> {
    const orders = this.#hosting.step(fact);
    if (fact.type === 'failed') this.#report(failure(fact, this.#hosting.files.get(fact.file)));
    for (const order of orders) this.#hosting.step(await this.#carryOut(order));
    this.#events.emit('changed', undefined);
  }

  async #carryOut(order: Order): Promise<Fact> {
    const { file } = order;
    try {
      switch (order.type) {
        case 'register':
          return { type: 'registered', file, id: await this.#host.register(order.definition) };
        case 'unregister':
          await this.#host.unregister(order.id);
          return { type: 'unregistered', file, id: order.id };
        case 'replace':
          return { type: 'replaced', file, id: order.id, note: await this.#host.replace(order.id, order.definition) };
      }
    } catch (thrown) {
      const problem = fileProblem(
        `its machine${order.type === 'register' ? '' : ` ${order.id}`} cannot be ${DONE[order.type]}: ${reasonOf(thrown)}`,
      );
      if (!this.#isStopped) this.#report(`machine file ${file}: ${problem.message}`);
      return { type: 'refused', file, problem };
    }
  }
}

const DONE: Readonly<Record<Order['type'], string>> = { register: 'started', replace: 'replaced', unregister: 'ended' };

const factOf = (file: string, { definition, problems }: Loaded, isKnown: boolean): Fact =>
  definition ? { type: isKnown ? 'changed' : 'added', file, definition, problems } : { type: 'failed', file, problems };

const fileView = (name: string, { definition, machines, problems, notes }: HostedFile): FileView => ({
  name,
  machines,
  problems,
  notes,
  ...(definition && { type: definition.type, version: definition.version }),
});

function failure({ file, problems }: Extract<Fact, { type: 'failed' }>, now: HostedFile | undefined): string {
  const still = now && now.machines.length > 0 ? ' Its machines go on as they were.' : '';
  return `machine file ${file}: ${problemsText(problems)}.${still}`;
}

/** What a file that cannot be read is made from is not known: then it counts as another. */
async function digestOf(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    const read = await readText(path);
    if (!('text' in read)) return '';
    hash.update(`${path}\n`).update(read.text);
  }
  return hash.digest('hex');
}
