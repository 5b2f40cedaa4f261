import { afterEach, beforeEach, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import type { Watcher } from '../../main/core/watching.ts';
import type { MachineLive } from '../../shared/api.ts';
import { boundedJson } from '../../shared/bounded-json.ts';
import { idOf, type Started, World } from '../support/world.ts';

/** Counts, and can carry a great deal. */
const counter = setup({
  types: {
    context: {} as { n: number; load: string },
    events: {} as { type: 'COUNT' } | { type: 'LOAD'; size: number } | { type: 'END' },
  },
}).createMachine({
  id: 'counter',
  context: { n: 0, load: '' },
  initial: 'even',
  on: { LOAD: { actions: assign({ load: ({ event }) => 'x'.repeat(event.size) }) }, END: '.end' },
  states: {
    even: { on: { COUNT: { target: 'odd', actions: assign({ n: ({ context }) => context.n + 1 }) } } },
    odd: { on: { COUNT: { target: 'even', actions: assign({ n: ({ context }) => context.n + 1 }) } } },
    end: { type: 'final' },
  },
});

class Notes implements Watcher {
  readonly lives: MachineLive[] = [];
  readonly words: string[] = [];
  live(live: MachineLive): void {
    this.lives.push(live);
  }
  lost(): void {
    this.words.push('lost');
  }
  ended(code: string): void {
    this.words.push(code);
  }
}

let world: World;
let a: Started;
let b: Started;
beforeEach(async () => {
  world = new World();
  a = await world.start('a');
  b = await world.start('b');
});
afterEach(() => world.stop());

test.each([
  ['on another node', () => b],
  ['on this node', () => a],
])('a watched machine %s is told at most every 50 ms, and its last state always', async (_, host) => {
  const machine = await world.after(host().node.register('Counter', counter));
  const notes = new Notes();
  const end = a.node.watchLive(machine.address, notes);
  await world.advance(200);
  expect(notes.lives).toMatchObject([{ state: 'even', active: ['counter', 'counter.even'], step: 0 }]);
  for (let n = 0; n < 101; n++) {
    machine.actor.send({ type: 'COUNT' });
    await world.advance(1, 1);
  }
  await world.advance(200);
  expect(notes.lives.length).toBeGreaterThan(2);
  expect(notes.lives.length).toBeLessThan(6);
  expect(notes.lives.at(-1)).toMatchObject({ state: 'odd', step: 101, last: { event: 'COUNT' } });
  end.unsubscribe();
  machine.actor.send({ type: 'COUNT' });
  const before = notes.lives.length;
  await world.advance(500);
  expect(notes.lives).toHaveLength(before);
});

test('a machine that ends is shown in its last state, and no more', async () => {
  const machine = await world.after(b.node.register('Counter', counter));
  const notes = new Notes();
  a.node.watchLive(machine.address, notes);
  await world.advance(200);
  machine.actor.send({ type: 'END' });
  await world.advance(200);
  expect(notes.lives.at(-1)).toMatchObject({ status: 'done', state: 'end' });
  expect(notes.words).toEqual(['MACHINE_STOPPED']);
});

test('a watch outlives the line: it is told as lost, and goes on when the node is back', async () => {
  const machine = await world.after(b.node.register('Counter', counter));
  const notes = new Notes();
  a.node.watchLive(machine.address, notes);
  await world.advance(200);
  world.network.cut(idOf('a'), idOf('b'));
  machine.actor.send({ type: 'COUNT' });
  await world.advance(3_000);
  expect(notes.words).toEqual(['lost']);
  expect(notes.lives.at(-1)).toMatchObject({ state: 'odd' });
});

test('a context that is large is cut, and the rest arrives', async () => {
  const machine = await world.after(b.node.register('Counter', counter));
  const notes = new Notes();
  a.node.watchLive(machine.address, notes);
  machine.actor.send({ type: 'LOAD', size: 1_000_000 });
  await world.advance(300);
  expect(notes.lives.at(-1)).toMatchObject({ contextIsCut: true });
  expect(notes.lives.at(-1)?.context.length).toBeLessThan(70_000);
});

test('states of all machines are told while somebody watches them, and not before or after', async () => {
  const machine = await world.after(b.node.register('Counter', counter));
  expect(a.node.stateOf(machine.address)).toBeUndefined();
  const changes: string[] = [];
  const end = a.node.watchStates((addresses) => changes.push(...addresses));
  await world.advance(300);
  expect(a.node.stateOf(machine.address)).toEqual({ value: 'even', tags: [], status: 'active' });
  machine.actor.send({ type: 'COUNT' });
  await world.advance(300);
  expect(a.node.stateOf(machine.address)).toEqual({ value: 'odd', tags: [], status: 'active' });
  expect(changes).toContain(machine.address);
  end.unsubscribe();
  await world.advance(300);
  const before = changes.length;
  machine.actor.send({ type: 'COUNT' });
  await world.advance(300);
  expect(changes).toHaveLength(before);
});

test('what cannot be described is refused by its code, also when its node goes away meanwhile', async () => {
  const machine = await world.after(b.node.register('Counter', counter));
  expect(await world.after(a.node.describe(machine.address))).toMatchObject({
    chart: { id: 'counter' },
    hash: expect.stringMatching(/./),
  });
  const asking = a.node.describe(machine.address);
  world.network.cut(idOf('a'), idOf('b'));
  await expect(world.after(asking)).rejects.toMatchObject({ code: 'PEER_OFFLINE' });
});

test.each<[string, unknown, string]>([
  [
    'a cycle',
    (() => {
      const self: { self?: unknown } = {};
      self.self = self;
      return self;
    })(),
    '{"self":"<itself>"}',
  ],
  [
    'what JSON has no word for',
    [undefined, () => 1, 10n, Number.NaN, Symbol('s')],
    '["<undefined>","<function>","<10>","<NaN>","<Symbol(s)>"]',
  ],
  ['a Map', new Map([['a', 1]]), '[["a",1]]'],
  ['an Error', { error: new TypeError('bad') }, '{"error":"<TypeError: bad>"}'],
  [
    'a getter that throws',
    {
      get x() {
        throw new Error('no');
      },
    },
    '{"x":"<unreadable>"}',
  ],
])('%s is shown', (_, value, text) => {
  expect(boundedJson(value, 1_000)).toEqual({ text, isCut: false });
});

test('however large a value is, its text is bounded and can be parsed', () => {
  const large = { list: Array.from({ length: 100_000 }, (_, n) => ({ n })), text: 'y'.repeat(100_000) };
  const { text, isCut } = boundedJson(large, 1_000);
  expect(isCut).toBe(true);
  expect(text.length).toBeLessThan(2_000);
  expect(() => JSON.parse(text)).not.toThrow();
});
