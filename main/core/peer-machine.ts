import { assign, setup } from 'xstate';
import {
  LATE_DIAL_MAX_MS,
  LATE_DIAL_MIN_MS,
  OFFLINE_AFTER_MS,
  REDIAL_CEILING_MS,
  REDIAL_FIRST_MS,
  STRANGER_REDIAL_MS,
} from './defaults.ts';

export interface PeerInput {
  /** Whether our id is the smaller one, so that dialling is ours to do. */
  readonly dialsFirst: boolean;
  /** Dials the peer; `dialFailed` or `opened` must follow. */
  readonly dial: () => void;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

export type PeerEvent =
  /** Discovery saw it, or something about where it is changed. */
  | { readonly type: 'sighted' }
  | { readonly type: 'dialFailed' }
  /** One of us two does not trust the other. */
  | { readonly type: 'distrusted' }
  | { readonly type: 'opened' }
  /** The channel broke, `silenceMs` after the last sign of life. */
  | { readonly type: 'lost'; readonly silenceMs: number }
  /** The peer said goodbye. */
  | { readonly type: 'left' };

interface PeerContext extends PeerInput {
  readonly failures: number;
  readonly silenceMs: number;
}

/** Full jitter: anything up to the doubling ceiling, so that peers that lost the same switch do not dial in step. */
export const redialCeilingMs = (failures: number): number =>
  Math.min(REDIAL_CEILING_MS, REDIAL_FIRST_MS * 2 ** failures);

/**
 * The life of one peer, as seen from here, in two regions that run side by side: `presence` is what we tell people,
 * `line` is when we dial.
 */
export const peerMachine = setup({
  types: { context: {} as PeerContext, events: {} as PeerEvent, input: {} as PeerInput },
  actions: {
    dial: ({ context }) => context.dial(),
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    forgetFailures: assign({ failures: 0 }),
    noteSilence: assign({ silenceMs: ({ event }) => (event.type === 'lost' ? event.silenceMs : 0) }),
  },
  guards: { dialsFirst: ({ context }) => context.dialsFirst },
  delays: {
    redial: ({ context }) => context.random() * redialCeilingMs(context.failures),
    lateDial: ({ context }) => LATE_DIAL_MIN_MS + context.random() * (LATE_DIAL_MAX_MS - LATE_DIAL_MIN_MS),
    strangerRedial: STRANGER_REDIAL_MS,
    offlineAfter: ({ context }) => Math.max(0, OFFLINE_AFTER_MS - context.silenceMs),
  },
}).createMachine({
  id: 'peer',
  context: ({ input }) => ({ ...input, failures: 0, silenceMs: 0 }),
  type: 'parallel',
  states: {
    presence: {
      initial: 'offline',
      states: {
        offline: { on: { opened: 'alive' } },
        alive: { on: { lost: { target: 'suspect', actions: 'noteSilence' }, left: 'offline', distrusted: 'offline' } },
        suspect: {
          on: { opened: 'alive', left: 'offline', distrusted: 'offline' },
          after: { offlineAfter: 'offline' },
        },
      },
    },
    line: {
      initial: 'unknown',
      on: { opened: '.linked', distrusted: '.distrusted' },
      states: {
        /** Never sighted, or gone with a goodbye: discovery will tell when it is back. */
        unknown: { on: { sighted: [{ guard: 'dialsFirst', target: 'dialling' }, { target: 'deferring' }] } },
        /** The other side dials; unless it cannot reach us. */
        deferring: { after: { lateDial: 'dialling' }, on: { left: 'unknown' } },
        dialling: {
          entry: 'dial',
          on: { dialFailed: { target: 'waiting', actions: 'countFailure' } },
        },
        waiting: { after: { redial: 'dialling' }, on: { sighted: 'dialling', left: 'unknown' } },
        linked: {
          entry: 'forgetFailures',
          on: { lost: 'waiting', left: 'unknown' },
        },
        distrusted: { after: { strangerRedial: 'dialling' }, on: { sighted: 'dialling' } },
      },
    },
  },
});
