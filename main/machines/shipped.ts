import type { AnyStateMachine } from 'xstate';
import { feeder } from './feeder.ts';
import { inspector } from './inspector.ts';
import { press } from './press.ts';
import { robot } from './robot.ts';

/** The machines that every build brings, by the name under which `--machine` hosts them: a small press line. */
export const SHIPPED: Readonly<Record<string, { readonly type: string; readonly logic: AnyStateMachine }>> = {
  feeder: { type: 'Feeder', logic: feeder },
  robot: { type: 'Robot', logic: robot },
  press: { type: 'Press', logic: press },
  inspector: { type: 'Inspector', logic: inspector },
};
