import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createActor } from 'xstate';
import { SystemClock } from '../../main/adapters/clock/system.ts';
import { machineFromJson } from '../../main/machine-files/json-machine.ts';
import { parseJson } from '../../main/machine-files/json-text.ts';
import { type Loaded, loadFile } from '../../main/machine-files/load-file.ts';
import { Problems } from '../../main/machine-files/problems.ts';
import type { FileProblem } from '../../shared/api.ts';

/** What is said of the text of a JSON file. */
export function problemsOf(json: unknown): readonly FileProblem[] {
  const problems = new Problems();
  const text = parseJson(typeof json === 'string' ? json : JSON.stringify(json, null, 2), problems);
  if (text.isComplete) machineFromJson(text.value, 'file.json', problems);
  return problems.list(text.locate);
}

/** A JSON machine, started; fails where it has errors. */
export function started(json: unknown) {
  const problems = new Problems();
  const definition = machineFromJson(json, 'file.json', problems);
  if (!definition) throw new Error(JSON.stringify(problems.list(), null, 2));
  const actor = createActor(definition.logic).start();
  return { actor, definition, context: () => (actor.getSnapshot() as { context: Record<string, unknown> }).context };
}

/** A folder for the files of one test. */
export class Folder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Folder> {
    return new Folder(await mkdtemp(join(tmpdir(), 'intermachine-files-')));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  async write(name: string, content: string | Uint8Array | object): Promise<string> {
    const isRaw = typeof content === 'string' || content instanceof Uint8Array;
    await writeFile(this.file(name), isRaw ? content : JSON.stringify(content));
    return this.file(name);
  }

  async load(name: string, content?: string | Uint8Array | object): Promise<Loaded> {
    if (content !== undefined) await this.write(name, content);
    return await loadFile(this.file(name), new SystemClock());
  }

  async clear(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
