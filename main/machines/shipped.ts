import type { AnyStateMachine } from 'xstate';
import { InterMachineError } from '../../shared/errors.ts';
import { feeder } from './feeder.ts';
import { inspector } from './inspector.ts';
import { press } from './press.ts';
import { robot } from './robot.ts';

interface ShippedMachine {
  readonly type: string;
  readonly logic: AnyStateMachine;
}

/** The machines that every build brings, by the name under which `--machine` hosts them: a small press line. */
export const SHIPPED: Readonly<Record<string, ShippedMachine>> = {
  feeder: { type: 'Feeder', logic: feeder },
  robot: { type: 'Robot', logic: robot },
  press: { type: 'Press', logic: press },
  inspector: { type: 'Inspector', logic: inspector },
};

/** Throws CONFIG_INVALID, naming those that there are. */
export function shippedMachine(name: string): ShippedMachine {
  const machine = Object.hasOwn(SHIPPED, name) ? SHIPPED[name] : undefined;
  if (machine) return machine;
  const names = Object.keys(SHIPPED).join(', ');
  throw new InterMachineError('CONFIG_INVALID', `machine: "${name}" is not shipped; there are ${names}`);
}
