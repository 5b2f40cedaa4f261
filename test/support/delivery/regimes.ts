import fc from 'fast-check';
import type { Step } from './history.ts';

type Chances = Readonly<Record<string, number>>;

const COMMON: Chances = {
  ...{
    send: 6,
    step: 9,
    stale: 2,
    dial: 2,
    link: 3,
    settle: 1,
    cut: 2,
    turn: 2,
    write: 2,
    sync: 2,
    flush: 4,
    full: 1,
    kill: 1,
  },
  ...{ power: 1, run: 5, tick: 1, register: 2, stop: 1, unregister: 1, local: 2, act: 1 },
};

/** Even chances reach few deep states, so each history leans one way. */
const REGIMES: readonly Chances[] = [
  { ...COMMON, backup: 1, restore: 1, retain: 1, jump: 1, forget: 1 },
  // Many epochs
  { send: 8, kill: 4, power: 1, flush: 6, link: 2, step: 3, settle: 1, register: 1, tick: 1, full: 1 },
  // Old backups, and retention
  {
    send: 5,
    settle: 5,
    link: 4,
    backup: 3,
    restore: 2,
    kill: 2,
    retain: 3,
    tick: 2,
    register: 2,
    flush: 2,
    power: 1,
    cut: 1,
  },
  // Machines and their commits
  {
    send: 8,
    link: 2,
    settle: 2,
    step: 4,
    write: 4,
    sync: 3,
    run: 9,
    kill: 1,
    power: 1,
    full: 2,
    flush: 2,
    register: 3,
    stop: 1,
    tick: 1,
    local: 3,
    act: 4,
    tight: 1,
  },
  // Many refusals, of many epochs, and a slow disk
  {
    stray: 12,
    send: 2,
    kill: 3,
    power: 2,
    flush: 5,
    turn: 3,
    write: 4,
    sync: 2,
    link: 5,
    step: 8,
    cut: 2,
    settle: 1,
    full: 1,
  },
  // Crossing and stale connections, and expiry
  { send: 6, dial: 6, step: 12, stale: 6, cut: 3, flush: 6, tick: 3, unregister: 1, register: 2, kill: 1, jump: 1 },
];

/** All machines run, and are on disk. */
export const PRELUDE: readonly Step[] = [
  ...[0, 1, 2, 9, 10, 11].map((how): Step => ['register', how]),
  ...[0, 1, 2].map((how): Step => ['flush', how]),
];

const leaning = (chances: Chances): fc.Arbitrary<readonly Step[]> => {
  const kinds = Object.entries(chances).flatMap(([what, times]) => Array.from({ length: times }, () => what));
  return fc.array(fc.tuple(fc.constantFrom(...kinds), fc.nat(127)), { minLength: 1, maxLength: 160, size: 'max' });
};

export const histories = fc.oneof(...REGIMES.map(leaning));
