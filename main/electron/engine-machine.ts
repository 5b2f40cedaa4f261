import type { MessagePortMain } from 'electron';
import { assign, fromCallback, sendTo, setup } from 'xstate';
import type { FromEngine } from './engine-messages.ts';

/** Milliseconds. A first crash may be chance: the page hardly notices. */
const FIRST_RESTART_MS = 500;
/** Milliseconds. What crashes again and again must not keep the computer busy. */
const LONGEST_RESTART_MS = 30_000;
/** Milliseconds. Whoever ran so long has recovered from the crash before. */
const RECOVERED_MS = 60_000;
/** Milliseconds. Goodbyes take a few; a disk that hangs must not keep the desktop from ending. */
const STOP_LIMIT_MS = 2_000;

export type ToProcess = { readonly type: 'CONNECT'; readonly port: MessagePortMain } | { readonly type: 'STOP' };
export type FromProcess = FromEngine | { readonly type: 'EXITED'; readonly code: number };
export type EngineEvent = ToProcess | FromProcess | { readonly type: 'RETRY' };

interface EngineContext {
  /** Of the node, once it said so. */
  readonly name?: string | undefined;
  readonly alive: number;
  /** Crashes in a row. */
  readonly crashes: number;
  /** Why there is no node now. */
  readonly problem?: string | undefined;
}

/** Until the crash number `crashes` is forgotten: 0.5 s, 1 s, 2 s … 30 s. */
export const restartAfterMs = (crashes: number): number =>
  Math.min(FIRST_RESTART_MS * 2 ** (crashes - 1), LONGEST_RESTART_MS);

/** The life of the engine's process, as the shell sees it. A crash is answered with a new process, a refusal with a question. */
export const engineMachine = setup({
  types: { context: {} as EngineContext, events: {} as EngineEvent },
  actors: { process: fromCallback<ToProcess>(() => {}) },
  delays: {
    restart: ({ context }) => restartAfterMs(context.crashes),
    recovered: RECOVERED_MS,
    stopLimit: STOP_LIMIT_MS,
  },
  actions: {
    countCrash: assign(({ context, event }) => ({
      alive: 0,
      crashes: context.crashes + 1,
      problem:
        event.type === 'EXITED' ? `The node ended unexpectedly (code ${event.code})` : 'The node could not be started',
    })),
    forgive: assign({ crashes: 0 }),
    pass: sendTo('process', ({ event }) => event as ToProcess),
  },
}).createMachine({
  id: 'engine',
  context: { alive: 0, crashes: 0 },
  initial: 'up',
  states: {
    up: {
      invoke: { id: 'process', src: 'process', onError: { target: 'waiting', actions: 'countCrash' } },
      on: {
        EXITED: { target: 'waiting', actions: 'countCrash' },
        FAILED: { target: 'failed', actions: assign({ problem: ({ event }) => event.message }) },
        STOP: '.stopping',
      },
      initial: 'starting',
      states: {
        starting: {
          on: {
            READY: { target: 'ready', actions: assign(({ event }) => ({ name: event.name, problem: undefined })) },
          },
        },
        ready: {
          on: { CONNECT: { actions: 'pass' }, PEERS: { actions: assign({ alive: ({ event }) => event.alive }) } },
          after: { recovered: { actions: 'forgive' } },
        },
        stopping: {
          entry: 'pass',
          on: { EXITED: '#engine.stopped', FAILED: '#engine.stopped', STOP: {} },
          after: { stopLimit: '#engine.stopped' },
        },
      },
    },
    waiting: { after: { restart: 'up' }, on: { RETRY: 'up', STOP: 'stopped' } },
    failed: { on: { RETRY: { target: 'up', actions: 'forgive' }, STOP: 'stopped' } },
    stopped: { type: 'final' },
  },
});
