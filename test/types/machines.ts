import { assign, createActor, type EventFromLogic, emit, fromCallback, setup } from 'xstate';
import type { Contract } from '../../main/index.ts';

// Machines of a press line, and what the compiler is told about them.

export const robot = setup({
  types: {
    context: {} as { readonly part: number },
    events: {} as { type: 'PART_READY'; part: number } | { type: 'LOADED' },
    emitted: {} as { type: 'gripped'; part: number },
    output: {} as { readonly parts: number },
    input: {} as { readonly first: number },
    tags: {} as 'busy',
  },
  actions: { grip: emit({ type: 'gripped', part: 1 }) },
}).createMachine({
  context: ({ input }) => ({ part: input.first }),
  initial: 'idle',
  output: ({ context }) => ({ parts: context.part }),
  states: {
    idle: {
      on: { PART_READY: { target: 'carrying', actions: [assign({ part: ({ event }) => event.part }), 'grip'] } },
    },
    carrying: { tags: ['busy'], on: { LOADED: 'idle' } },
  },
});

export const scale = setup({
  types: { events: {} as { type: 'WEIGH'; part: number } | { type: 'TARE' } },
}).createMachine({
  on: { WEIGH: {}, TARE: {} },
});

export const bell = fromCallback<{ type: 'RING'; times: number }>(() => {});

export interface PressLine {
  Robot: typeof robot;
  Scale: Contract<typeof scale, { WEIGH: { type: 'WEIGHT'; grams: number }; TARE: { type: 'TARED' } }>;
  Bell: typeof bell;
}

/** The same, not as an interface. */
export type PressLineAlias = {
  Robot: typeof robot;
  Scale: Contract<typeof scale, { WEIGH: { type: 'WEIGHT'; grams: number }; TARE: { type: 'TARED' } }>;
  Bell: typeof bell;
};

export const runningRobot = () => createActor(robot, { input: { first: 1 } });
export type RobotEvent = EventFromLogic<typeof robot>;
