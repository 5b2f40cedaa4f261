import { assign, createMachine, sendTo as sendToActor, setup } from 'xstate';
import type { Origin } from '../../main/index.ts';
import {
  actionsFor,
  broadcastToSameType,
  fromMachine,
  originOf,
  reply,
  sendTo,
  sendToType,
} from '../../main/xstate.ts';
import type { PressLine, PressLineAlias, robot } from './machines.ts';

// Compiled and never run, as registrator.test-d.ts.

/** What is the same for every network: an event has a type, and what makes it gets the machine's own context and event. */
export const untyped = setup({
  types: {
    context: {} as { readonly part: number; readonly kept: Origin | undefined },
    events: {} as { type: 'START'; to: string } | { type: 'STOP' },
  },
  actions: {
    plain: sendToType('Robot', { type: 'LOADED', n: 1 }),
    made: sendToType('Robot', ({ context, event }) => ({ type: event.type, part: context.part })),
    // @ts-expect-error No type.
    noType: sendToType('Robot', { n: 1 }),
    // @ts-expect-error No such property in the context.
    noProperty: sendToType('Robot', ({ context }) => ({ type: 'LOADED', part: context.prat })),
    // @ts-expect-error Not every event has it.
    notEach: sendTo(({ event }) => event.to, { type: 'LOADED' }),
    each: sendTo(({ event }) => (event.type === 'START' ? event.to : ''), { type: 'LOADED' }),
    later: reply({ type: 'DONE' }, { to: ({ context }) => context.kept }),
    // @ts-expect-error A number says nothing about where an event came from.
    wrongOrigin: reply({ type: 'DONE' }, { to: ({ context }) => context.part }),
    all: broadcastToSameType(({ context }) => ({ type: 'PART', part: context.part })),
    keep: assign({ kept: ({ event }) => originOf(event) }),
  },
}).createMachine({
  context: { part: 1, kept: undefined },
  entry: 'plain',
  on: {
    START: { actions: ['made', 'keep'] },
    // @ts-expect-error No such action.
    STOP: { actions: 'latre' },
  },
});

/** The same actions, for a network whose types are known. */
const { sendToType: toType, ...own } = actionsFor<PressLine, 'Scale'>();
export const typed = setup({
  types: {
    context: {} as { readonly part: number },
    events: {} as { type: 'WEIGH'; part: number } | { type: 'TARE' },
  },
  actions: {
    loaded: toType('Robot', { type: 'LOADED' }),
    // @ts-expect-error No such event.
    load: toType('Robot', { type: 'LOAD' }),
    // @ts-expect-error No such type.
    robto: toType('Robto', { type: 'LOADED' }),
    ready: toType('Robot', ({ context }) => ({ type: 'PART_READY', part: context.part })),
    // @ts-expect-error A property of another type.
    readyText: toType('Robot', ({ context }) => ({ type: 'PART_READY', part: `${context.part}` })),
    random: own.sendToRandomOfType('Robot', { type: 'LOADED' }),
    // @ts-expect-error No such event.
    randomLoad: own.sendToRandomOfType('Robot', { type: 'LOAD' }),
    one: own.sendToOneOfType('Robot', { type: 'LOADED' }, { strategy: 'hash', key: '7' }),
    // @ts-expect-error No such strategy.
    oneBusy: own.sendToOneOfType('Robot', { type: 'LOADED' }, { strategy: 'busy' }),
    same: own.broadcastToSameType({ type: 'TARE' }),
    // @ts-expect-error Its own type takes no such event.
    sameLoaded: own.broadcastToSameType({ type: 'LOADED' }),
    weight: own.reply({ type: 'WEIGHT', grams: 12 }),
    // @ts-expect-error Its contract has no such reply.
    wieght: own.reply({ type: 'WIEGHT', grams: 12 }),
    // @ts-expect-error Its contract's reply has another property.
    pounds: own.reply({ type: 'WEIGHT', pounds: 12 }),
    made: own.reply(({ event }) => ({ type: 'WEIGHT', grams: event.type === 'WEIGH' ? event.part : 0 })),
    // @ts-expect-error It has to be made as told, too.
    madeText: own.reply(({ event }) => ({ type: 'WEIGHT', grams: event.type })),
  },
}).createMachine({ context: { part: 1 }, on: { WEIGH: { actions: ['made', 'ready'] }, TARE: { actions: 'same' } } });

// @ts-expect-error No such type of its own.
actionsFor<PressLine, 'Scael'>();
actionsFor<PressLineAlias, 'Robot'>().reply({ type: 'ANYTHING' });

/** A machine elsewhere, as an actor of this one. */
export const holder = setup({
  types: { context: {} as { readonly part: number; readonly parts: number } },
  actors: {
    robot: fromMachine<typeof robot>({ type: 'Robot' }),
    known: actionsFor<PressLine>().fromMachine({ type: 'Robot', version: '^1.0.0' }),
    // @ts-expect-error No such type.
    robto: actionsFor<PressLine>().fromMachine({ type: 'Robto' }),
    // @ts-expect-error It has to be said which machine.
    nobody: fromMachine<typeof robot>({}),
  },
}).createMachine({
  context: { part: 0, parts: 0 },
  initial: 'working',
  states: {
    working: {
      invoke: {
        src: 'robot',
        id: 'robot',
        onSnapshot: { actions: assign({ part: ({ event }) => event.snapshot.context?.part ?? 0 }) },
        onDone: { actions: assign({ parts: ({ event }) => event.output.parts }) },
      },
      entry: sendToActor('robot', { type: 'LOADED' }),
    },
    wrong: {
      invoke: {
        src: 'robot',
        id: 'robot',
        onSnapshot: {
          guard: ({ event }) => event.snapshot.matches('idle') && event.snapshot.connection === 'live',
          // @ts-expect-error No such property in its context.
          actions: assign({ part: ({ event }) => event.snapshot.context?.prat ?? 0 }),
        },
        onDone: {
          // @ts-expect-error No such property in its output.
          actions: assign({ parts: ({ event }) => event.output.prats }),
        },
      },
    },
    // @ts-expect-error No such actor.
    unknown: { invoke: { src: 'robotto' } },
  },
});

/** What XState cannot see; docs/api.md says so. */
export const unseen = setup({ actors: { robot: fromMachine<typeof robot>({ type: 'Robot' }) } }).createMachine({
  invoke: { src: 'robot', id: 'robot' },
  // The id of an actor does not tell what it takes.
  entry: sendToActor('robot', { type: 'LAODED' }),
  on: {
    // Without types of events, any event may be waited for.
    LAODED: {},
  },
});

/** Without `setup`, XState does not check names of actions; what an action of ours makes is checked all the same. */
export const plain = createMachine({
  entry: [sendToType('Robot', { type: 'LOADED' }), 'noSuchAction'],
  // @ts-expect-error No type.
  exit: sendToType('Robot', { n: 1 }),
});
