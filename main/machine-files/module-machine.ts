import type { AnyActorLogic, AnyStateMachine } from 'xstate';
import { reasonOf } from '../../shared/errors.ts';
import { isObject, kindOf } from '../../shared/json-kinds.ts';
import { isMachine } from '../core/xstate-internals.ts';
import { checkHead, HEAD_KEYS, type HostedDefinition } from './definition.ts';
import { checkMachine } from './machine-check.ts';
import { ModuleFault } from './module-code.ts';
import type { Exports } from './module-loader.ts';
import { didYouMean, listed, type Problems, type Spot } from './problems.ts';

const EXAMPLE = "As in export default defineMachine({ type: 'Lamp', machine: createMachine({ … }) })";

/** From what a module exports to a machine. */
export function machineFromModule(
  exports: Exports,
  fileName: string,
  problems: Problems,
): HostedDefinition | undefined {
  const exported = exports.default ?? onlyMachine(exports);
  if (exported === undefined) {
    const names = Object.keys(exports);
    problems.error([], `exports no machine${names.length > 0 ? `, only ${listed(names)}` : ''}`, EXAMPLE);
    return undefined;
  }
  const definition = isLogic(exported) ? { machine: exported } : exported;
  if (!isObject(definition)) {
    problems.error([], `its default export is ${kindOf(exported)}, not a machine`, EXAMPLE);
    return undefined;
  }
  const known = [...HEAD_KEYS, 'machine'];
  for (const key of Object.keys(definition))
    if (!known.includes(key)) problems.error([key], `a definition has no "${key}"`, didYouMean(key, known));
  const { machine, ...head } = definition;
  if (!isLogic(machine)) {
    problems.error(['machine'], `an XState machine is expected, not ${kindOf(machine)}`, EXAMPLE);
    return undefined;
  }
  const type = head.type ?? (isMachine(machine) ? nameOf(machine as AnyStateMachine, fileName) : undefined);
  const checked = checkHead({ ...head, type }, [], problems);
  if (isMachine(machine)) checkMachine(machine as AnyStateMachine, [], problems);
  return checked && !problems.hasErrors ? { ...checked, logic: machine } : undefined;
}

/** As Stately exports one: under a name. */
function onlyMachine(exports: Exports): unknown {
  const machines = Object.values(exports).filter((value) => isLogic(value) && isMachine(value));
  return machines.length === 1 ? machines[0] : undefined;
}

/** XState calls a machine without an id `(machine)`. */
const nameOf = ({ id }: AnyStateMachine, fileName: string): string =>
  (id === '(machine)' ? fileName.replace(/\.\w+$/, '') : id)
    .trim()
    .replace(/[\s/*?,"'`]+/g, '_')
    .slice(0, 50);

const isLogic = (value: unknown): value is AnyActorLogic =>
  typeof value === 'object' &&
  value !== null &&
  'transition' in value &&
  typeof value.transition === 'function' &&
  'getInitialSnapshot' in value;

/** What a module threw while it was loaded, with its place if it is in that file. */
export function tellThrown(thrown: unknown, path: string, problems: Problems): void {
  const isFault = thrown instanceof ModuleFault;
  const message = reasonOf(thrown).replaceAll(/\s*\n\s*/g, ' ');
  const hint = isFault ? thrown.hint : undefined;
  const spot = isFault ? thrown.spot : thrown instanceof Error ? spotIn(thrown.stack ?? '', path) : undefined;
  if (spot) problems.errorAt(spot, message, hint);
  else problems.error([], message, hint);
}

function spotIn(stack: string, path: string): Spot | undefined {
  const at = stack.indexOf(`${path}:`);
  const [, line, column] = /^:(\d+):(\d+)/.exec(at < 0 ? '' : stack.slice(at + path.length)) ?? [];
  return line === undefined ? undefined : { line: Number(line), column: Number(column), length: 1 };
}
