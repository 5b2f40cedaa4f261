import { basename, extname } from 'node:path';
import type { FileProblem } from '../../shared/api.ts';
import type { Clock } from '../core/ports.ts';
import type { HostedDefinition } from './definition.ts';
import { machineFromJson } from './json-machine.ts';
import { parseJson } from './json-text.ts';
import { ModuleLoad } from './module-loader.ts';
import { machineFromModule, tellThrown } from './module-machine.ts';
import { fileProblem, Problems } from './problems.ts';
import { readText } from './read-text.ts';

/** What became of a file. */
export interface Loaded {
  /** Missing where there are errors. */
  readonly definition?: HostedDefinition;
  /** Errors and warnings, in the order of the text. */
  readonly problems: readonly FileProblem[];
  /** Other files that it was made from, by their paths. */
  readonly imports: readonly string[];
}

/** Endings of files that hold machines. */
export const ENDINGS: readonly string[] = ['.json', '.js', '.mjs', '.ts'];

/** Milliseconds for the code of a module to be done with loading. */
const LOAD_LIMIT_MS = 10_000;

/** Reads a machine from a file. It never throws: whatever is wrong is a problem of that file. */
export async function loadFile(path: string, clock: Clock): Promise<Loaded> {
  const ending = extname(path);
  if (!ENDINGS.includes(ending))
    return {
      problems: [fileProblem(`has the ending "${ending}"`, `Machines are in files that end in ${ENDINGS.join(', ')}.`)],
      imports: [],
    };
  return ending === '.json' ? await loadJson(path) : await loadModule(path, clock);
}

async function loadJson(path: string): Promise<Loaded> {
  const read = await readText(path);
  if ('problem' in read) return { problems: [read.problem], imports: [] };
  const problems = new Problems();
  const json = parseJson(read.text, problems);
  // What is left of a broken text would only bring problems that its author never made.
  const definition = json.isComplete ? machineFromJson(json.value, basename(path), problems) : undefined;
  return {
    ...(definition && !problems.hasErrors && { definition }),
    problems: problems.list(json.locate),
    imports: [],
  };
}

async function loadModule(path: string, clock: Clock): Promise<Loaded> {
  const read = await readText(path);
  if ('problem' in read) return { problems: [read.problem], imports: [] };
  const problems = new Problems();
  const load = new ModuleLoad();
  let definition: HostedDefinition | undefined;
  // XState's own frames stand between an error and the line of the module that caused it.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 50;
  try {
    const exports = await withinLimit(load.load(path), clock);
    definition = machineFromModule(exports, basename(path), problems);
  } catch (thrown) {
    tellThrown(thrown, path, problems);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  load.files.delete(path);
  return { ...(definition && { definition }), problems: problems.list(), imports: [...load.files] };
}

async function withinLimit<Result>(loading: Promise<Result>, clock: Clock): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = clock.setTimeout(
    () =>
      reject(new Error(`did not finish loading within ${LOAD_LIMIT_MS / 1000} s: an "await" at its top never ends`)),
    LOAD_LIMIT_MS,
  );
  try {
    return await Promise.race([loading, late]);
  } finally {
    clock.clearTimeout(timer);
  }
}
