import type { AnyActorLogic, AnyStateMachine } from 'xstate';
import { InterMachineError } from '../../shared/errors.ts';
import { machineFromJson } from '../machine-files/json-machine.ts';
import { Problems, problemsText } from '../machine-files/problems.ts';
import { barcodeGate } from './barcode-gate.ts';
import { feeder } from './feeder.ts';
import { inspector } from './inspector.ts';
import { press } from './press.ts';
import { robot } from './robot.ts';

interface ShippedMachine<Logic extends AnyActorLogic = AnyActorLogic> {
  readonly type: string;
  readonly logic: Logic;
}

/** The machines of code that every build brings: a small press line, and a gate. */
export const SHIPPED: Readonly<Record<string, ShippedMachine<AnyStateMachine>>> = {
  feeder: { type: 'Feeder', logic: feeder },
  robot: { type: 'Robot', logic: robot },
  press: { type: 'Press', logic: press },
  inspector: { type: 'Inspector', logic: inspector },
  'barcode-gate': { type: barcodeGate.type, logic: barcodeGate.machine },
};

/** Those of JSON, which are read when they are asked for. */
const FILES: Readonly<Record<string, () => Promise<{ readonly default: unknown }>>> = {
  thermostat: () => import('./thermostat.json', { with: { type: 'json' } }),
  'button-box': () => import('./button-box.json', { with: { type: 'json' } }),
  'conveyor-cell': () => import('./conveyor-cell.json', { with: { type: 'json' } }),
};

/** The names under which `--machine` hosts them. */
export const SHIPPED_NAMES: readonly string[] = [...Object.keys(SHIPPED), ...Object.keys(FILES)];

/** Throws CONFIG_INVALID, naming those that there are. */
export async function shippedMachine(name: string): Promise<ShippedMachine> {
  const machine = Object.hasOwn(SHIPPED, name) ? SHIPPED[name] : undefined;
  if (machine) return machine;
  const file = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
  if (file) return fromJson((await file()).default, name);
  throw new InterMachineError(
    'CONFIG_INVALID',
    `machine: "${name}" is not shipped; there are ${SHIPPED_NAMES.join(', ')}`,
  );
}

function fromJson(json: unknown, name: string): ShippedMachine {
  const problems = new Problems();
  const definition = machineFromJson(json, name, problems);
  if (definition) return definition;
  throw new InterMachineError('INTERNAL', `the shipped machine "${name}" is wrong: ${problemsText(problems.list())}`);
}
