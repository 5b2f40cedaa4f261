import { parseArgs } from 'node:util';
import type { NodeOptions } from '../config.ts';

/** What the engine runs. */
export interface EngineOptions {
  readonly node: NodeOptions;
  /** Names of machines that InterMachine ships. */
  readonly machines: readonly string[];
}

const FLAGS = {
  name: { type: 'string' },
  'data-dir': { type: 'string' },
  namespace: { type: 'string' },
  'network-key': { type: 'string' },
  open: { type: 'boolean' },
  port: { type: 'string' },
  peer: { type: 'string', multiple: true },
  machine: { type: 'string', multiple: true },
  loopback: { type: 'string' },
  'no-advertise-types': { type: 'boolean' },
} as const;

/**
 * The flags of `intermachine run`, out of a command line that Chromium's switches and the system's own arguments share:
 * what is not known here is not ours to refuse.
 */
export function engineOptionsFrom(args: readonly string[]): EngineOptions {
  const { values } = parseArgs({ args: spread(args), options: FLAGS, strict: false });
  const text = (name: keyof typeof FLAGS) => (typeof values[name] === 'string' ? values[name] : undefined);
  const texts = (name: 'peer' | 'machine') => [values[name] ?? []].flat().filter((value) => typeof value === 'string');
  const port = text('port');
  const loopback = text('loopback');
  const node: { -readonly [Key in keyof NodeOptions]: NodeOptions[Key] | undefined } = {
    name: text('name'),
    dataDir: text('data-dir'),
    namespace: text('namespace'),
    networkKey: text('network-key'),
    open: values.open === true ? true : undefined,
    port: port === undefined ? undefined : numberFrom(port),
    peers: texts('peer').length > 0 ? texts('peer') : undefined,
    loopbackPort: loopback === undefined ? undefined : numberFrom(loopback),
    advertiseTypes: values['no-advertise-types'] === true ? false : undefined,
  };
  return { node: definedOf(node), machines: texts('machine') };
}

/** `--machine a b` becomes `--machine=a --machine=b`, as the command line reads it. */
function spread(args: readonly string[]): string[] {
  let many: string | undefined;
  return args.flatMap((arg) => {
    if (arg.startsWith('-')) {
      many = arg === '--peer' || arg === '--machine' ? arg : undefined;
      return many === undefined ? [arg] : [];
    }
    return [many === undefined ? arg : `${many}=${arg}`];
  });
}

/** What is no number becomes NaN, which the check of the configuration refuses by the option's name. */
const numberFrom = (text: string): number => (/^\d+$/.test(text) ? Number(text) : Number.NaN);

const definedOf = (options: object): NodeOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
