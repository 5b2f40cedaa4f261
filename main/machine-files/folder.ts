import { type FSWatcher, watch } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { reasonOf } from '../../shared/errors.ts';
import type { Clock } from '../core/ports.ts';
import { MAX_FILES } from './limits.ts';
import { ENDINGS } from './load-file.ts';

// What the system tells of a folder is a hint to look, nothing more: it differs between systems, is silent on network drives, and is told
// while a file is half written. What counts is what a look finds, and that it is the same twice.

/** Milliseconds. Editors write a file in several steps, within some milliseconds. */
const SETTLE_MS = 80;
/** Milliseconds between looks where nothing was hinted at. */
const LOOK_EVERY_MS = 2_000;

/** Files that stand in such a folder and hold no machine. */
const OTHER_FILES = new Set(['package.json', 'package-lock.json', 'tsconfig.json', 'jsconfig.json', 'deno.json']);

export interface FolderOwner {
  /** Other files that a file was made from: when they change, it changed. */
  importsOf(name: string): readonly string[];
  /** Names of files that are new or changed, in alphabetical order, and of those that are gone. The next look waits for it. */
  seen(changed: readonly string[], gone: readonly string[]): Promise<void>;
  /** The folder cannot be looked into. */
  trouble(message: string): void;
}

/** What shows that a file, or one that it imports, is another than before. */
interface Stamp {
  readonly own: string;
  readonly imports: string;
}

/** Looks into a folder of machine files, and tells what is new in it. */
export class MachineFolder {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #owner: FolderOwner;
  /** What each file was when it was last told. */
  readonly #told = new Map<string, Stamp>();
  /** What each file was at the last look. */
  #before: ReadonlyMap<string, Stamp> = new Map();
  #watcher: FSWatcher | undefined;
  #timer: unknown;
  #looking: Promise<void> = Promise.resolve();
  #isHinted = false;
  #isStopped = false;
  #trouble = '';

  constructor(path: string, clock: Clock, owner: FolderOwner) {
    this.#path = path;
    this.#clock = clock;
    this.#owner = owner;
  }

  /** Resolves when what is there already was told. */
  async start(): Promise<void> {
    this.#looking = this.#look();
    await this.#looking;
  }

  stop(): void {
    this.#isStopped = true;
    this.#watcher?.close();
    this.#clock.clearTimeout(this.#timer);
  }

  #hint(): void {
    this.#isHinted = true;
    this.#lookIn(SETTLE_MS / 2);
  }

  #lookIn(delayMs: number): void {
    this.#clock.clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#looking = this.#looking.then(() => this.#look());
    }, delayMs);
    // Looking into a folder keeps no process alive.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  async #look(): Promise<void> {
    this.#isHinted = false;
    const isFirst = this.#before.size === 0 && this.#told.size === 0;
    let isUnsettled = true;
    try {
      this.#watch();
      const now = await this.#stamps();
      const changed = [...now].filter(([name, stamp]) => !isSame(stamp, this.#told.get(name)));
      // What is there at the start was not written just now.
      const settled = changed.filter(([name, stamp]) => isFirst || isSame(stamp, this.#before.get(name)));
      const gone = [...this.#told.keys()].filter((name) => !now.has(name));
      this.#before = now;
      isUnsettled = changed.length > settled.length;
      await this.#tell(settled, gone);
      this.#trouble = '';
    } catch (thrown) {
      this.#tellTrouble(reasonOf(thrown));
    }
    this.#lookIn(this.#isHinted || isUnsettled ? SETTLE_MS : LOOK_EVERY_MS);
  }

  async #tell(changed: readonly (readonly [string, Stamp])[], gone: readonly string[]): Promise<void> {
    if (changed.length + gone.length === 0 || this.#isStopped) return;
    for (const name of gone) this.#told.delete(name);
    await this.#owner.seen(changed.map(([name]) => name).sort(), gone);
    // Which files they import is known only now. What was written to the file itself meanwhile is another change.
    for (const [name, { own }] of changed) this.#told.set(name, { own, imports: await this.#importsStamp(name) });
  }

  #watch(): void {
    if (this.#watcher || this.#isStopped) return;
    try {
      const watcher = watch(this.#path, { persistent: false }, () => this.#hint());
      const end = () => {
        watcher.close();
        if (this.#watcher === watcher) this.#watcher = undefined;
      };
      watcher.on('error', end);
      this.#watcher = watcher;
    } catch {
      // It is looked into every now and then anyhow.
    }
  }

  #tellTrouble(message: string): void {
    if (message !== this.#trouble) this.#owner.trouble(message);
    this.#trouble = message;
  }

  async #stamps(): Promise<ReadonlyMap<string, Stamp>> {
    const stamps = new Map<string, Stamp>();
    for (const name of await this.#names())
      stamps.set(name, { own: await stampOf(join(this.#path, name)), imports: await this.#importsStamp(name) });
    return stamps;
  }

  async #importsStamp(name: string): Promise<string> {
    return (await Promise.all(this.#owner.importsOf(name).map(stampOf))).join();
  }

  async #names(): Promise<readonly string[]> {
    const names: string[] = [];
    try {
      for await (const { name } of await opendir(this.#path)) {
        if (!isMachineFile(name)) continue;
        if (names.length < MAX_FILES) names.push(name);
        else this.#tellTrouble(`holds more than ${MAX_FILES} machine files; the others are left aside`);
      }
    } catch (thrown) {
      // A folder that is gone holds nothing. One that cannot be read may hold what it did.
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
    }
    return names;
  }
}

/** Names that begin with a dot or an underscore are of editors, and of what machine files import. */
const isMachineFile = (name: string): boolean =>
  /^[^._]/.test(name) && ENDINGS.includes(extname(name)) && !name.endsWith('.d.ts') && !OTHER_FILES.has(name);

const isSame = (one: Stamp, other: Stamp | undefined): boolean =>
  one.own === other?.own && one.imports === other.imports;

async function stampOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs, mode } = await stat(path);
    return [ino, size, mtimeMs, ctimeMs, mode].join(' ');
  } catch (thrown) {
    return String((thrown as NodeJS.ErrnoException).code);
  }
}
