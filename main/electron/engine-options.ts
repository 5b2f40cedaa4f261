import type { NodeOptions } from '../config.ts';

/** What the engine runs. */
export interface EngineOptions {
  readonly node: NodeOptions;
  /** Names of machines that InterMachine ships. */
  readonly machines: readonly string[];
}

/**
 * The flags of `intermachine run`, out of a command line that Chromium's switches and the system's own arguments share:
 * what is not known here is not ours to refuse. A flag without its value is empty, and the check of the configuration
 * refuses it by its name.
 */
export function engineOptionsFrom(args: readonly string[]): EngineOptions {
  const flags = flagsOf(args);
  const text = (name: string) => (flags.has(name) ? (flags.get(name)?.[0] ?? '') : undefined);
  const number = (name: string) => (flags.has(name) ? numberFrom(text(name) ?? '') : undefined);
  const node: { readonly [Key in keyof NodeOptions]: NodeOptions[Key] | undefined } = {
    name: text('--name'),
    dataDir: text('--data-dir'),
    namespace: text('--namespace'),
    networkKey: text('--network-key'),
    open: flags.has('--open') || undefined,
    port: number('--port'),
    peers: flags.get('--peer'),
    loopbackPort: number('--loopback'),
    advertiseTypes: flags.has('--no-advertise-types') ? false : undefined,
    machineFiles: flags.has('--no-machine-files') ? false : undefined,
  };
  return { node: definedOf(node), machines: flags.get('--machine') ?? [] };
}

/** Each flag with the values that follow it: `--machine a b --machine=c` has three. */
function flagsOf(args: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const flags = new Map<string, string[]>();
  let last: string[] = [];
  for (const arg of args) {
    if (!arg.startsWith('-')) last.push(arg);
    else {
      const [flag = '', ...value] = arg.split('=');
      last = flags.get(flag) ?? [];
      flags.set(flag, last);
      if (value.length > 0) last.push(value.join('='));
    }
  }
  return flags;
}

/** What is no number becomes NaN, which the check of the configuration refuses by the option's name. */
const numberFrom = (text: string): number => (/^\d+$/.test(text) ? Number(text) : Number.NaN);

const definedOf = (options: object): NodeOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
