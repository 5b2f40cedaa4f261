import { readFile, stat } from 'node:fs/promises';
import { InterMachineError, reasonOf } from '../../../shared/errors.ts';
import type { Announcement, Clock, Discovery, DiscoveryReader, Endpoint } from '../../core/ports.ts';
import { guarded } from './guarded-reader.ts';
import { parseEndpoint, REPEAT_MS } from './static.ts';

/** How often the file is looked at. No watching: it ends with the file that an editor replaces, and network drives have none. */
const LOOK_MS = 2_000;
/** Bytes; thousands of addresses. A larger file is another one, given by mistake. */
const MAX_FILE_BYTES = 256 * 1024;

export interface FileDiscoveryOptions {
  readonly clock: Clock;
  readonly file: string;
}

/**
 * Peers whose addresses stand in a file, one `host:port` in a line, with `#` before what is not one. Read again whenever it changes.
 * A line that is none is told, and the others count; while there is no file, nobody is written down.
 */
export class FileDiscovery implements Discovery {
  readonly #clock: Clock;
  readonly #file: string;
  #endpoints: readonly Endpoint[] = [];
  #version = '';
  #toldAt = 0;
  #problem = '';
  #timer: unknown;
  /** Counts starts and stops: what was begun before the last one is for nobody. */
  #turn = 0;
  #running = false;

  constructor({ clock, file }: FileDiscoveryOptions) {
    this.#clock = clock;
    this.#file = file;
  }

  async start(_self: Announcement, reader: DiscoveryReader): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    this.#version = '';
    const turn = ++this.#turn;
    await this.#look(
      guarded(reader, () => turn !== this.#turn),
      turn,
    );
  }

  /** Nobody listens. */
  announce(): void {}

  /** It tells often enough. */
  seek(): void {}

  async stop(): Promise<void> {
    this.#running = false;
    this.#turn++;
    this.#clock.clearTimeout(this.#timer);
  }

  async #look(reader: DiscoveryReader, turn: number): Promise<void> {
    await this.#read(reader);
    if (turn !== this.#turn) return;
    if (this.#clock.now() - this.#toldAt >= REPEAT_MS) this.#tell(reader);
    this.#timer = this.#clock.setTimeout(() => void this.#look(reader, turn), LOOK_MS);
  }

  async #read(reader: DiscoveryReader): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(this.#file);
      const version = `${mtimeMs} ${size} ${ino}`;
      if (version === this.#version) return;
      if (size > MAX_FILE_BYTES)
        throw new InterMachineError('CONFIG_INVALID', `it has ${size} bytes, and ${MAX_FILE_BYTES} at most are read`);
      const { endpoints, faults } = endpointsIn(await readFile(this.#file, 'utf8'));
      this.#version = version;
      this.#endpoints = endpoints;
      this.#sayOnce(faults.join('; '), reader);
      this.#tell(reader);
    } catch (thrown) {
      this.#version = '';
      this.#endpoints = [];
      this.#sayOnce(reasonOf(thrown), reader);
    }
  }

  #sayOnce(problem: string, reader: DiscoveryReader): void {
    if (problem !== this.#problem && problem !== '') reader.problem(`The list of peers ${this.#file}: ${problem}`);
    this.#problem = problem;
  }

  #tell(reader: DiscoveryReader): void {
    this.#toldAt = this.#clock.now();
    for (const endpoint of this.#endpoints) reader.seen({ endpoints: [endpoint], source: 'static' });
  }
}

function endpointsIn(text: string): { readonly endpoints: Endpoint[]; readonly faults: string[] } {
  const endpoints: Endpoint[] = [];
  const faults: string[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const entry = line.replace(/(^|\s)#.*$/, '').trim();
    if (entry === '') continue;
    try {
      endpoints.push(parseEndpoint(entry));
    } catch (thrown) {
      faults.push(`line ${index + 1}: ${reasonOf(thrown)}`);
    }
  }
  return { endpoints, faults };
}
