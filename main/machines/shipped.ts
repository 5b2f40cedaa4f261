import type { AnyActorLogic, AnyStateMachine } from 'xstate';
import { InterMachineError } from '../../shared/errors.ts';
import { machineFromJson } from '../machine-files/json-machine.ts';
import { Problems, problemsText } from '../machine-files/problems.ts';
import { barcodeGate } from './barcode-gate.ts';
import { feeder } from './feeder.ts';
import { inspector } from './inspector.ts';
import { press } from './press.ts';
import { robot } from './robot.ts';
import { type CodeName, type FileName, SHIPPED_NAMES } from './shipped-names.ts';

interface ShippedMachine<Logic extends AnyActorLogic = AnyActorLogic> {
  readonly type: string;
  readonly logic: Logic;
}

export const SHIPPED: Readonly<Record<CodeName, ShippedMachine<AnyStateMachine>>> = {
  feeder: { type: 'Feeder', logic: feeder },
  robot: { type: 'Robot', logic: robot },
  press: { type: 'Press', logic: press },
  inspector: { type: 'Inspector', logic: inspector },
  'barcode-gate': { type: barcodeGate.type, logic: barcodeGate.machine },
};

/** They are read when they are asked for. */
const FILES: Readonly<Record<FileName, () => Promise<{ readonly default: unknown }>>> = {
  thermostat: () => import('./thermostat.json', { with: { type: 'json' } }),
  'button-box': () => import('./button-box.json', { with: { type: 'json' } }),
  'conveyor-cell': () => import('./conveyor-cell.json', { with: { type: 'json' } }),
};

/** Throws CONFIG_INVALID, naming those that there are. */
export async function shippedMachine(name: string): Promise<ShippedMachine> {
  const machine = Object.hasOwn(SHIPPED, name) ? SHIPPED[name as CodeName] : undefined;
  if (machine) return machine;
  const file = Object.hasOwn(FILES, name) ? FILES[name as FileName] : undefined;
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
