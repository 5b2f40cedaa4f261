import { basename, dirname, extname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { compileFunction, constants } from 'node:vm';
import * as xstate from 'xstate';
import { reasonOf } from '../../shared/errors.ts';
import * as actions from '../xstate.ts';
import { functionBody, ModuleFault, PARAMETERS, withoutWarnings } from './module-code.ts';
import { didYouMean, type Spot } from './problems.ts';
import { readText } from './read-text.ts';

/** What a module exports, by name. */
export type Exports = Readonly<Record<string, unknown>>;

type Body = (
  importModule: (specifier: string, names: readonly string[], spot: Spot) => Promise<Exports>,
  exportNames: (getters: Readonly<Record<string, () => unknown>>) => void,
  dynamic: (specifier: unknown) => Promise<Exports>,
  meta: { readonly url: string; readonly filename: string; readonly dirname: string },
) => Promise<void>;

/** The node's own copies, wherever a file lies: a machine made with another copy of XState would not find its node. */
const OWN: Readonly<Record<string, () => Promise<Exports> | Exports>> = {
  xstate: () => xstate,
  'intermachine/xstate': () => actions,
  // Only when it is asked for: the package's entry imports what imports this.
  intermachine: () => import('../index.ts'),
};

/** One module and the files that it imports by their paths, read afresh; packages are Node's and are loaded once. */
export class ModuleLoad {
  /** Paths of all files that were read. */
  readonly files = new Set<string>();
  readonly #loading = new Map<string, Promise<Exports>>();

  /** Throws a ModuleFault, or whatever the module throws. */
  load(path: string, importers: readonly string[] = []): Promise<Exports> {
    if (importers.includes(path)) throw new Error(`imports run in a ring: ${ringOf([...importers, path])}`);
    const known = this.#loading.get(path);
    if (known !== undefined) return known;
    const loading = this.#evaluate(path, [...importers, path]);
    this.#loading.set(path, loading);
    return loading;
  }

  async #evaluate(path: string, importers: readonly string[]): Promise<Exports> {
    this.files.add(path);
    const read = await readText(path);
    if ('problem' in read) throw new Error(`${basename(path)} ${read.problem.message}`);
    if (extname(path) === '.json') return { default: JSON.parse(read.text) as unknown };
    const code = functionBody(read.text, extname(path) === '.ts' || extname(path) === '.mts');
    const body = compileUncached(code, path);
    const exports: Record<string, unknown> = {};
    const exportNames = Object.assign((getters: Readonly<Record<string, () => unknown>>) => define(exports, getters), {
      all: (from: Exports) => {
        const names = Object.keys(from).filter((name) => name !== 'default' && !Object.hasOwn(exports, name));
        define(exports, Object.fromEntries(names.map((name) => [name, () => from[name]])));
      },
    });
    await body.call(
      undefined,
      (specifier, names, spot) => this.#import(specifier, names, spot, importers),
      exportNames,
      (specifier) => this.#find(String(specifier), importers),
      { url: pathToFileURL(path).href, filename: path, dirname: dirname(path) },
    );
    return exports;
  }

  async #import(
    specifier: string,
    names: readonly string[],
    spot: Spot,
    importers: readonly string[],
  ): Promise<Exports> {
    const exports = await this.#find(specifier, importers).catch((thrown: unknown) => {
      // What is wrong in the imported file is told with the import: that is where its reader is.
      throw new ModuleFault(thrown instanceof ModuleFault ? `${specifier}: ${thrown.message}` : reasonOf(thrown), spot);
    });
    for (const name of names) {
      if (name in exports) continue;
      const hint = didYouMean(name, Object.keys(exports));
      throw new ModuleFault(`"${specifier}" exports no "${name}"`, spot, hint);
    }
    return exports;
  }

  async #find(specifier: string, importers: readonly string[]): Promise<Exports> {
    const own = Object.hasOwn(OWN, specifier) ? OWN[specifier] : undefined;
    if (own) return await own();
    const from = importers.at(-1) ?? '';
    const path = pathOf(specifier, from);
    // What is CommonJS is Node's.
    if (path !== undefined && READ.includes(extname(path))) return await this.load(path, importers);
    try {
      return await importFrom(from, specifier);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw thrown;
      if (path !== undefined) throw new Error(`there is no file "${specifier}"`);
      throw new Error(`there is no package "${specifier}" that this file can see`);
    }
  }
}

/** Endings of what is read afresh. */
const READ: readonly string[] = ['.js', '.mjs', '.ts', '.mts', '.json'];

const ringOf = (paths: readonly string[]): string => paths.map((path) => basename(path)).join(' → ');

function pathOf(specifier: string, from: string): string | undefined {
  if (specifier.startsWith('file:')) return fileURLToPath(specifier);
  return /^\.{1,2}\//.test(specifier) || isAbsolute(specifier) ? resolve(dirname(from), specifier) : undefined;
}

/**
 * V8 remembers what it compiled, text and all, for whoever compiles the same again, and forgets it only when memory is short. Nobody compiles a
 * changed module again.
 */
function compileUncached(code: string, path: string): Body {
  setFlagsFromString('--no-compilation-cache');
  try {
    return compileFunction(code, [...PARAMETERS], { filename: path, lineOffset: -1 }) as Body;
  } finally {
    setFlagsFromString('--compilation-cache');
  }
}

/** Node's own import, as if it stood in this file. */
const importFrom = (path: string, specifier: string): Promise<Exports> =>
  withoutWarnings(() => {
    const importIt = compileFunction('return import(specifier)', ['specifier'], {
      filename: path,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    }) as (specifier: string) => Promise<Exports>;
    return importIt(specifier);
  });

function define(exports: Record<string, unknown>, getters: Readonly<Record<string, () => unknown>>): void {
  for (const [name, get] of Object.entries(getters)) Object.defineProperty(exports, name, { get, enumerable: true });
}
