import { setup } from 'xstate';
import type { Contract, MachineRegistrator, Takes } from '../../main/index.ts';
import { actionsFor, fromMachine } from '../../main/xstate.ts';

// Compiled and never run, as registrator.test-d.ts. Machines that send to each other: a map by `typeof` would lead in a circle.

type PickerEvent = { type: 'PICK'; part: number } | { type: 'HOME' };
type ScaleEvent = { type: 'WEIGH'; part: number } | { type: 'TARE' };

interface Cell {
  Picker: Takes<PickerEvent>;
  Scale: Contract<Takes<ScaleEvent>, { WEIGH: { type: 'WEIGHT'; grams: number } }>;
}

export const picker = setup({
  types: { events: {} as PickerEvent },
  actors: {
    scale: actionsFor<Cell>().fromMachine({ type: 'Scale' }),
    same: fromMachine<Takes<ScaleEvent>>({ type: 'Scale' }),
  },
  actions: {
    tare: actionsFor<Cell>().sendToType('Scale', { type: 'TARE' }),
    // @ts-expect-error No such event.
    tear: actionsFor<Cell>().sendToType('Scale', { type: 'TEAR' }),
  },
}).createMachine({ on: { PICK: { actions: 'tare' }, HOME: {} } });

export const scale = setup({
  types: { events: {} as ScaleEvent },
  actions: {
    weight: actionsFor<Cell, 'Scale'>().reply({ type: 'WEIGHT', grams: 12 }),
    // @ts-expect-error Its contract has no such reply.
    wieght: actionsFor<Cell, 'Scale'>().reply({ type: 'WIEGHT', grams: 12 }),
    home: actionsFor<Cell, 'Scale'>().sendToType('Picker', { type: 'HOME' }),
    // @ts-expect-error No such event.
    hoem: actionsFor<Cell, 'Scale'>().sendToType('Picker', { type: 'HOEM' }),
  },
}).createMachine({ on: { WEIGH: { actions: 'weight' }, TARE: {} } });

export async function cell(node: MachineRegistrator<Cell>): Promise<void> {
  const machine = await node.register('Picker', picker);
  await node.register('Scale', scale);
  // @ts-expect-error A machine that takes other events.
  await node.register('Scale', picker);
  // @ts-expect-error A machine that takes other events.
  await node.register('Picker', scale);
  // What was registered is known as what it is.
  machine.actor.send({ type: 'HOME' });
  const reply = await machine.ask({ type: 'Scale' }, { type: 'WEIGH', part: 1 });
  reply.event.grams.toFixed();
  const actor = node.actor({ type: 'Picker' });
  actor.send({ type: 'HOME' });
  // @ts-expect-error No such event.
  actor.send({ type: 'HOEM' });
}
