import { assign, setup } from 'xstate';
import { AWAY_AFTER_DIALS, STRANGER_AFTER_DIALS, type Timings, UNSTABLE_AFTER_BREAKS } from './defaults.ts';

export interface PeerInput {
  /** Whether our id is the smaller one, so that dialling is ours to do. */
  readonly dialsFirst: boolean;
  /** Whether it was proven to us in an earlier run. */
  readonly isKnown: boolean;
  readonly timings: Timings;
  /** Dials the peer; `dialFailed` or `opened` must follow. */
  readonly dial: () => void;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

export type PeerEvent =
  /** Discovery saw it, or something about where it is changed. */
  | { readonly type: 'sighted' }
  /** The network changed, or we slept: what failed before may work now. */
  | { readonly type: 'retry' }
  | { readonly type: 'dialFailed' }
  /** One of us two does not trust the other. */
  | { readonly type: 'distrusted' }
  /** It is connected to another node that has our id. */
  | { readonly type: 'displaced' }
  | { readonly type: 'opened' }
  /** The channel broke, `silenceMs` after the last sign of life. */
  | { readonly type: 'lost'; readonly silenceMs: number }
  /** The peer said goodbye. */
  | { readonly type: 'left' };

interface PeerContext extends PeerInput {
  /** Dials that failed, one after the other. */
  readonly failures: number;
  /** Lines that broke before they were stable, one after the other. */
  readonly breaks: number;
  readonly silenceMs: number;
}

/**
 * Until the next dial. Full jitter: anything up to a doubling ceiling, so that peers that lost the same switch do not dial in step. A line
 * that breaks again and again is what its ceiling damps, so there the jitter only takes half.
 */
export function redialMs(context: Omit<PeerContext, 'dial' | 'dialsFirst' | 'silenceMs'>): number {
  const { failures, breaks, isKnown, timings, random } = context;
  const doubling = (times: number, ceilingMs: number) => Math.min(ceilingMs, timings.redialFirstMs * 2 ** times);
  if (!isKnown && failures >= STRANGER_AFTER_DIALS) return (0.5 + random() / 2) * timings.strangerRedialMs;
  if (breaks >= UNSTABLE_AFTER_BREAKS)
    return (0.5 + random() / 2) * doubling(failures + breaks, timings.redialUnstableMs);
  if (failures >= AWAY_AFTER_DIALS) return random() * timings.redialAwayMs;
  return random() * doubling(failures, timings.redialCeilingMs);
}

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
    countBreak: assign({ breaks: ({ context }) => context.breaks + 1 }),
    forgetBreaks: assign({ breaks: 0 }),
    becomeKnown: assign({ isKnown: true }),
    noteSilence: assign({ silenceMs: ({ event }) => (event.type === 'lost' ? event.silenceMs : 0) }),
  },
  guards: {
    dialsFirst: ({ context }) => context.dialsFirst,
    isStable: ({ context }) => context.breaks < UNSTABLE_AFTER_BREAKS,
  },
  delays: {
    redial: ({ context }) => redialMs(context),
    lateDial: ({ context: { timings, random } }) =>
      timings.lateDialMinMs + random() * (timings.lateDialMaxMs - timings.lateDialMinMs),
    strangerRedial: ({ context }) => context.timings.strangerRedialMs,
    displacedRedial: ({ context }) => context.timings.redialUnstableMs,
    offlineAfter: ({ context }) => Math.max(0, context.timings.offlineMs - context.silenceMs),
    stable: ({ context }) => context.timings.stableMs,
  },
}).createMachine({
  id: 'peer',
  context: ({ input }) => ({ ...input, failures: 0, breaks: 0, silenceMs: 0 }),
  type: 'parallel',
  states: {
    presence: {
      initial: 'offline',
      states: {
        offline: { on: { opened: 'alive' } },
        alive: {
          on: {
            lost: { target: 'suspect', actions: 'noteSilence' },
            left: 'offline',
            distrusted: 'offline',
            displaced: 'offline',
          },
        },
        suspect: {
          on: { opened: 'alive', left: 'offline', distrusted: 'offline', displaced: 'offline' },
          after: { offlineAfter: 'offline' },
        },
      },
    },
    line: {
      initial: 'unknown',
      on: { opened: '.linked', distrusted: '.distrusted', displaced: '.displaced' },
      states: {
        /** Never sighted, or gone with a goodbye: discovery will tell when it is back. */
        unknown: { on: { sighted: [{ guard: 'dialsFirst', target: 'dialling' }, { target: 'deferring' }] } },
        /** The other side dials; unless it cannot reach us. */
        deferring: { after: { lateDial: 'dialling' }, on: { left: 'unknown' } },
        dialling: {
          entry: 'dial',
          on: { dialFailed: { target: 'waiting', actions: 'countFailure' } },
        },
        waiting: {
          after: { redial: 'dialling' },
          on: {
            sighted: { guard: 'isStable', target: 'dialling', actions: 'forgetFailures' },
            retry: { guard: 'isStable', target: 'dialling', actions: 'forgetFailures' },
            left: 'unknown',
          },
        },
        linked: {
          entry: ['forgetFailures', 'becomeKnown'],
          after: { stable: { actions: 'forgetBreaks' } },
          on: { lost: { target: 'waiting', actions: 'countBreak' }, left: 'unknown', opened: undefined },
        },
        distrusted: { after: { strangerRedial: 'dialling' }, on: { sighted: 'dialling' } },
        /** Only one of the two nodes with one id can be connected: the other one asks now and then whether the place is free. */
        displaced: { after: { displacedRedial: 'dialling' } },
      },
    },
  },
});
