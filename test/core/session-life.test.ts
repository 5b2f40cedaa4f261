import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assign, createActor, createMachine, fromCallback, fromPromise, sendTo as sendToActor, setup } from 'xstate';
import { type Envelope, InterMachineConnector, InterMachineSession, type Origin, originOf } from '../../main/index.ts';
import { broadcastToSameType, reply, sendTo, sendToType } from '../../main/xstate.ts';
import { eventually } from '../support/discovery.ts';

/** Takes whatever it is sent, and keeps it. */
const listener = setup({
  types: { context: {} as { readonly got: readonly object[] }, events: {} as { type: string; [key: string]: unknown } },
}).createMachine({
  context: { got: [] },
  on: { '*': { actions: assign({ got: ({ context, event }) => [...context.got, event] }) } },
});

/** Ends as it is told to. */
const mortal = setup({
  types: { events: {} as { type: 'END' } | { type: 'BREAK' } | { type: 'WORK' } },
  actions: {
    fail: () => {
      throw new Error('belt torn');
    },
  },
}).createMachine({
  initial: 'alive',
  states: { alive: { on: { END: 'over', BREAK: { actions: 'fail' }, WORK: {} } }, over: { type: 'final' } },
});

const problems: string[] = [];
const report = (message: string) => problems.push(message);
let session: InterMachineSession;
beforeEach(() => {
  problems.length = 0;
  session = new InterMachineSession({ report });
});
afterEach(() => session[Symbol.dispose]());

const failure = async (sending: Promise<unknown>): Promise<unknown> =>
  await sending.then(
    () => 'none',
    (error: { code?: string }) => error.code,
  );
const coded = (code: string) => expect.objectContaining({ code });

/** Two listeners that are connected. */
const pair = () => {
  const [one, two] = [session.addMachine(listener, 'one'), session.addMachine(listener, 'two')];
  session.connect('one', 'two');
  return { one, two, got: () => two.actor.getSnapshot().context.got };
};

describe('two sessions', () => {
  test('never see each other, whatever their machines are called', async () => {
    using other = new InterMachineSession({ report });
    const { one, two } = pair();
    const stranger = other.addMachine(listener, 'one');
    other.addMachine(listener, 'three');
    expect([session.machines(), other.machines()]).toEqual([
      ['one', 'two'],
      ['one', 'three'],
    ]);
    expect(() => session.connect('one', 'three')).toThrow(coded('MACHINE_UNKNOWN'));
    expect(await failure(one.sendTo('three', { type: 'HELLO' }))).toBe('MACHINE_UNKNOWN');
    expect(await failure(stranger.sendTo('two', { type: 'HELLO' }))).toBe('MACHINE_UNKNOWN');
    expect(await stranger.broadcast({ type: 'HELLO' })).toEqual([]);
    await two.sendTo('one', { type: 'HELLO' });
    expect(stranger.actor.getSnapshot().context.got).toEqual([]);
    other[Symbol.dispose]();
    expect(await one.sendTo('two', { type: 'HELLO' })).toMatchObject({ status: 'handled' });
  });

  test('do not answer each other either: where an event came from means nothing in another session', async () => {
    using other = new InterMachineSession({ report });
    const answering = setup({
      types: { context: {} as { origin: Origin | undefined }, events: {} as { type: 'NOW'; origin?: Origin } },
      actions: { answer: reply({ type: 'ANSWER' }, { to: ({ context }) => context.origin }) },
    }).createMachine({
      context: { origin: undefined },
      on: { NOW: { actions: [assign({ origin: ({ event }) => event.origin }), 'answer'] } },
    });
    const { one, two } = pair();
    let origin: Origin | undefined;
    two.onMessage(({ event }) => {
      origin = originOf(event);
    });
    await one.sendTo('two', { type: 'HELLO' });
    other.addMachine(answering, 'two');
    const asker = other.addMachine(listener, 'asker');
    other.connect('asker', 'two');
    await asker.sendTo('two', { type: 'NOW', origin: { ...origin } });
    await eventually('it is told', () => problems.length > 0);
    expect(problems[0]).toMatch(/^machine two could not send: .*MACHINE_UNKNOWN/);
    expect(one.actor.getSnapshot().context.got).toEqual([]);
  });
});

describe('a link', () => {
  test('that is made twice, in either direction, is one: it is there once, carries once and is gone at once', async () => {
    const { one, got } = pair();
    session.connect('two', 'one');
    session.connect('one', 'two');
    expect(session.connections('one')).toEqual(['two']);
    expect(await one.broadcast({ type: 'HELLO' })).toHaveLength(1);
    expect(got()).toHaveLength(1);
    session.disconnect('one', 'two');
    expect(session.connections('two')).toEqual([]);
  });

  test('needs two machines', () => {
    pair();
    expect(() => session.connect('one', 'one')).toThrow(coded('INPUT_INVALID'));
    expect(session.connections('one')).toEqual(['two']);
  });
});

describe('an id', () => {
  test.each(['', ' ', 'two words', 'a/b', '*', '$node', 'x'.repeat(51)])('cannot be %j', (id) => {
    expect(() => session.addMachine(listener, id)).toThrow(coded('MACHINE_ID_INVALID'));
    expect(session.machines()).toEqual([]);
  });
});

describe('an actor that runs already', () => {
  test('works like any other, and goes on when the session is disposed of', async () => {
    const actor = createActor(listener).start();
    const { one } = pair();
    const guest = session.addMachine(actor, 'guest');
    expect(guest.actor).toBe(actor);
    session.connect('one', 'guest');
    expect(await one.sendTo('guest', { type: 'HELLO' })).toMatchObject({ status: 'handled' });
    expect(await guest.sendTo('one', { type: 'HELLO' })).toMatchObject({ status: 'handled' });
    session[Symbol.dispose]();
    expect(actor.getSnapshot()).toMatchObject({ status: 'active', context: { got: [{ type: 'HELLO' }] } });
    actor.send({ type: 'ELSE' });
    expect(actor.getSnapshot().context.got).toHaveLength(2);
    actor.stop();
  });

  test('goes on when it is taken out, gets nothing more, and may come back', async () => {
    const actor = createActor(listener).start();
    const one = session.addMachine(listener, 'one');
    session.addMachine(actor, 'guest');
    session.connect('one', 'guest');
    session.removeMachine('guest');
    expect(actor.getSnapshot().status).toBe('active');
    expect(session.connections('one')).toEqual([]);
    expect(await failure(one.sendTo('guest', { type: 'HELLO' }))).toBe('MACHINE_UNKNOWN');
    session.addMachine(actor, 'guest');
    session.connect('one', 'guest');
    await one.sendTo('guest', { type: 'HELLO' });
    expect(actor.getSnapshot().context.got).toEqual([{ type: 'HELLO' }]);
    actor.stop();
  });

  test('that was not started yet is started', async () => {
    const actor = createActor(listener);
    const one = session.addMachine(listener, 'one');
    session.addMachine(actor, 'guest');
    session.connect('one', 'guest');
    expect(await one.sendTo('guest', { type: 'HELLO' })).toMatchObject({ status: 'handled' });
    actor.stop();
  });

  test('that ended is refused', () => {
    const stopped = createActor(listener).start();
    stopped.stop();
    const done = createActor(mortal).start();
    done.send({ type: 'END' });
    for (const actor of [stopped, done] as const)
      expect(() => session.addMachine(actor as typeof stopped, 'guest')).toThrow(coded('MACHINE_STOPPED'));
    expect(session.machines()).toEqual([]);
  });

  test('that is in a session is in no other, nor twice in its own', async () => {
    using other = new InterMachineSession({ report });
    const actor = createActor(listener).start();
    session.addMachine(actor, 'guest');
    expect(() => session.addMachine(actor, 'again')).toThrow(coded('MACHINE_EXISTS'));
    expect(() => other.addMachine(actor, 'guest')).toThrow(coded('MACHINE_EXISTS'));
    expect([session.machines(), other.machines()]).toEqual([['guest'], []]);
    session.removeMachine('guest');
    other.addMachine(actor, 'guest');
    actor.stop();
  });

  test('and its own children may each be a machine of the session, and each sends in its own name', async () => {
    const child = setup({
      types: { events: {} as { type: 'SPEAK' } },
      actions: { speak: sendTo('ear', { type: 'SAID' }) },
    }).createMachine({ on: { SPEAK: { actions: 'speak' } } });
    const family = createActor(
      createMachine({
        invoke: [
          { id: 'kid', src: child },
          { id: 'aunt', src: child },
        ],
        on: { TELL: { actions: sendToActor('kid', { type: 'SPEAK' }) } },
      }),
    ).start();
    session.addMachine(family, 'family');
    session.addMachine(family.getSnapshot().children.aunt as never, 'aunt');
    const ear = session.addMachine(listener, 'ear');
    for (const id of ['family', 'aunt']) session.connect('ear', id);
    const senders: (string | undefined)[] = [];
    ear.onMessage(({ from }) => senders.push(from.split('/').at(-1)));
    // A child that is no machine of the session speaks for the one it belongs to.
    await ear.sendTo('family', { type: 'TELL' });
    await ear.sendTo('aunt', { type: 'SPEAK' });
    await eventually('both are heard', () => senders.length === 2);
    expect(senders).toEqual(['family', 'aunt']);
    family.stop();
  });
});

describe('onMessage', () => {
  test('takes messages in place of the machine, and gives them back', async () => {
    const { one, two, got } = pair();
    const taken: Envelope[] = [];
    const end = two.onMessage((envelope) => taken.push(envelope));
    expect(await one.sendTo('two', { type: 'FIRST' })).toMatchObject({ status: 'handled' });
    end();
    end();
    await one.sendTo('two', { type: 'SECOND' });
    expect(taken.map(({ event }) => event)).toEqual([{ type: 'FIRST' }]);
    expect(got()).toEqual([{ type: 'SECOND' }]);
  });

  test('is the last one that was given: to end an earlier one changes nothing', async () => {
    const { one, two, got } = pair();
    const taken: string[] = [];
    const first = two.onMessage(() => taken.push('first'));
    two.onMessage(() => taken.push('second'));
    first();
    await one.sendTo('two', { type: 'HELLO' });
    expect([taken, got()]).toEqual([['second'], []]);
  });

  test('of a machine that was taken out can be ended, and takes nothing of the next one of its id', async () => {
    const { one, two } = pair();
    const end = two.onMessage(() => expect.unreachable());
    session.removeMachine('two');
    end();
    const next = session.addMachine(listener, 'two');
    session.connect('one', 'two');
    end();
    await one.sendTo('two', { type: 'HELLO' });
    expect(next.actor.getSnapshot().context.got).toHaveLength(1);
  });

  test('that fails is told, to the sender as well, and fails nothing else', async () => {
    const { one, two } = pair();
    two.onMessage(({ event }) => {
      if (event.type === 'BAD') throw new Error('no such page');
    });
    expect(await one.sendTo('two', { type: 'BAD' })).toMatchObject({ status: 'dead', code: 'MACHINE_FAILED' });
    expect(await one.sendTo('two', { type: 'GOOD' })).toMatchObject({ status: 'handled' });
    expect(problems).toEqual([expect.stringContaining('no such page')]);
  });
});

describe('an event', () => {
  const cycle: { type: string; self?: unknown } = { type: 'DATA' };
  cycle.self = [cycle];
  test.each<[string, object, string]>([
    ['a Date', { type: 'DATA', at: new Date(0) }, 'event.at: a Date'],
    ['a Map, deep within', { type: 'DATA', list: [{ a: 1 }, { b: new Map() }] }, 'event.list[1].b: a Map'],
    ['a function', { type: 'DATA', done: () => {} }, 'event.done: a function'],
    ['a BigInt', { type: 'DATA', n: 1n }, 'event.n: a bigint'],
    ['a symbol', { type: 'DATA', s: Symbol('s') }, 'event.s: a symbol'],
    ['a number that is none', { type: 'DATA', n: Number.NaN }, 'event.n: NaN'],
    ['an infinite number', { type: 'DATA', n: Number.NEGATIVE_INFINITY }, 'event.n: -Infinity'],
    ['an instance of a class', { type: 'DATA', e: new Error('no') }, 'event.e: a Error'],
    ['itself', cycle, 'event.self'],
    ['a key __proto__', JSON.parse('{"type":"DATA","a":{"__proto__":{}}}') as object, 'event.a: a key "__proto__"'],
    ['a gap in a list', { type: 'DATA', list: [1, undefined] }, 'event.list[1]: undefined cannot be written as JSON'],
    ['no type', { kind: 'DATA' }, 'event.type'],
    ['a type of XState', { type: 'xstate.stop' }, 'event.type'],
    ['every type', { type: '*' }, 'event.type'],
  ])('that holds %s is refused, with the path', async (_, event, path) => {
    const { one, got } = pair();
    for (const sending of [one.sendTo('two', event as { type: string }), one.broadcast(event as { type: string })]) {
      const error = await sending.catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'EVENT_INVALID', message: expect.stringContaining(path) });
    }
    expect(got()).toEqual([]);
  });

  test('is a copy: what the sender does with its own afterwards changes nothing, and each receiver has another', async () => {
    const { one, two } = pair();
    const three = session.addMachine(listener, 'three');
    session.connect('one', 'three');
    const event = { type: 'DATA', list: [1, 2] };
    const sending = one.broadcast(event);
    event.list.push(3);
    await sending;
    const events = [two, three].map(({ actor }) => actor.getSnapshot().context.got[0]) as (typeof event)[];
    expect(events).toEqual([
      { type: 'DATA', list: [1, 2] },
      { type: 'DATA', list: [1, 2] },
    ]);
    expect(events[0]).not.toBe(events[1]);
    expect(events[0]?.list).not.toBe(events[1]?.list);
  });

  test('without the property that is undefined, as JSON has it', async () => {
    const { one, got } = pair();
    await one.sendTo('two', { type: 'DATA', nothing: undefined });
    expect(Object.keys(got()[0] ?? {})).toEqual(['type']);
  });

  test('of more than a mebibyte is refused', async () => {
    const { one } = pair();
    expect(await failure(one.sendTo('two', { type: 'DATA', load: 'x'.repeat(1024 * 1024) }))).toBe(
      'ENVELOPE_TOO_LARGE',
    );
  });
});

describe('a machine that ends', () => {
  const mortals = () => {
    const one = session.addMachine(listener, 'one');
    const other = session.addMachine(mortal, 'other');
    session.connect('one', 'other');
    return { one, other };
  };

  test.each<[string, 'END' | 'BREAK', object]>([
    ['at its final state', 'END', { status: 'handled' }],
    ['by an action that throws', 'BREAK', { status: 'dead', code: 'MACHINE_FAILED' }],
  ])('%s takes nothing more, says so, and leaves no link', async (_, type, last) => {
    const { one, other } = mortals();
    const outcomes = await Promise.all([
      one.sendTo('other', { type: 'WORK' }),
      one.sendTo('other', { type }),
      one.sendTo('other', { type: 'WORK' }),
    ]);
    expect(outcomes).toMatchObject([{ status: 'handled' }, last, { status: 'refused', code: 'MACHINE_STOPPED' }]);
    expect(await failure(one.sendTo('other', { type: 'WORK' }))).toBe('MACHINE_STOPPED');
    expect(await failure(other.sendTo('one', { type: 'HELLO' }))).toBe('MACHINE_STOPPED');
    expect(await failure(other.broadcast({ type: 'HELLO' }))).toBe('MACHINE_STOPPED');
    expect(() => session.connect('one', 'other')).toThrow(coded('MACHINE_STOPPED'));
    expect([session.machines(), session.connections('one')]).toEqual([['one'], []]);
    expect(await one.broadcast({ type: 'WORK' })).toEqual([]);
    expect(problems).toHaveLength(type === 'BREAK' ? 1 : 0);
  });

  test('by its own actor being stopped is no other', async () => {
    const { one, other } = mortals();
    const waiting = one.sendTo('other', { type: 'WORK' });
    other.actor.stop();
    expect(await waiting).toMatchObject({ status: 'refused', code: 'MACHINE_STOPPED' });
    expect(await failure(one.sendTo('other', { type: 'WORK' }))).toBe('MACHINE_STOPPED');
    expect(session.connections('one')).toEqual([]);
  });

  test('can be taken out, or another one takes its id, with no links', async () => {
    const { one } = mortals();
    await one.sendTo('other', { type: 'END' });
    session.removeMachine('other');
    expect(await failure(one.sendTo('other', { type: 'WORK' }))).toBe('MACHINE_UNKNOWN');
    session.addMachine(mortal, 'other');
    session.connect('one', 'other');
    await one.sendTo('other', { type: 'END' });
    const next = session.addMachine(mortal, 'other');
    expect(session.connections('other')).toEqual([]);
    session.connect('one', 'other');
    expect(await one.sendTo('other', { type: 'WORK' })).toMatchObject({ status: 'handled' });
    expect(next.actor.getSnapshot().status).toBe('active');
  });

  test('that is taken out while events wait for it refuses them', async () => {
    const { one } = mortals();
    const waiting = [one.sendTo('other', { type: 'WORK' }), one.sendTo('other', { type: 'WORK' })];
    session.removeMachine('other');
    expect(await Promise.all(waiting)).toMatchObject([
      { status: 'refused', code: 'MACHINE_STOPPED' },
      { status: 'refused', code: 'MACHINE_STOPPED' },
    ]);
  });

  test('before it began is never there', () => {
    const failing = createMachine({
      entry: () => {
        throw new Error('no power');
      },
    });
    session.addMachine(failing, 'failing');
    expect(session.machines()).toEqual([]);
    expect(problems).toEqual([expect.stringContaining('no power')]);
  });
});

describe('other actor logic', () => {
  test('is a machine like any other: a callback takes events, a promise takes them and ends', async () => {
    const one = session.addMachine(listener, 'one');
    const heard: string[] = [];
    session.addMachine(
      fromCallback(({ receive }) => receive(({ type }) => heard.push(type))),
      'callback',
    );
    const { promise, resolve } = Promise.withResolvers<string>();
    session.addMachine(
      fromPromise(() => promise),
      'promise',
    );
    for (const id of ['callback', 'promise']) session.connect('one', id);
    expect(await one.broadcast({ type: 'HELLO' })).toMatchObject([{ status: 'handled' }, { status: 'handled' }]);
    expect(heard).toEqual(['HELLO']);
    resolve('done');
    await eventually('it ended', () => session.machines().length === 2);
    expect(await failure(one.sendTo('promise', { type: 'HELLO' }))).toBe('MACHINE_STOPPED');
  });
});

describe('a session that is disposed of', () => {
  test('stops what it started, and doing it twice is nothing', () => {
    const { one, two } = pair();
    const statuses: string[] = [];
    one.actor.subscribe({ complete: () => statuses.push('one') });
    session[Symbol.dispose]();
    session[Symbol.dispose]();
    session.stop();
    expect([one, two].map(({ actor }) => actor.getSnapshot().status)).toEqual(['stopped', 'stopped']);
    expect(statuses).toEqual(['one']);
  });

  test('takes no machine and sends nothing more', async () => {
    const { one } = pair();
    session[Symbol.dispose]();
    expect(await failure(one.sendTo('two', { type: 'HELLO' }))).toBe('NODE_STOPPED');
    expect(await failure(one.broadcast({ type: 'HELLO' }))).toBe('NODE_STOPPED');
    expect(() => session.addMachine(listener, 'three')).toThrow(coded('NODE_STOPPED'));
  });

  test('tells the last word of what was under way', async () => {
    const { one } = pair();
    const sending = [one.sendTo('two', { type: 'HELLO' }), one.sendTo('two', { type: 'HELLO' })];
    session[Symbol.dispose]();
    expect(await Promise.all(sending)).toMatchObject([
      { status: 'refused', code: 'MACHINE_STOPPED' },
      { status: 'refused', code: 'MACHINE_STOPPED' },
    ]);
  });

  test('leaves no timer of its machines behind', async () => {
    const ticking = createMachine({ initial: 'a', states: { a: { after: { 3600000: 'b' } }, b: {} } });
    session.addMachine(ticking, 'ticking');
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    session[Symbol.dispose]();
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')).toHaveLength(before - 1);
  });
});

describe('how far a send waits', () => {
  test('as far as it is told to', async () => {
    const { one, got } = pair();
    const delivered = await one.sendTo('two', { type: 'HELLO' }, { until: 'delivered' });
    expect([delivered.status, got().length]).toEqual(['delivered', 0]);
    const handled = await one.sendTo('two', { type: 'HELLO' });
    expect([handled.status, got().length]).toEqual(['handled', 2]);
  });
});

describe('actions inside a machine', () => {
  const relay = setup({
    types: { context: {} as { readonly kept: Origin | undefined }, events: {} as { type: string } },
    actions: {
      forward: sendTo('sink', ({ event }) => ({ type: 'FORWARDED', of: event.type })),
      answer: reply({ type: 'ANSWER' }),
      answerLate: reply({ type: 'LATE' }, { to: ({ context }) => context.kept }),
      nobody: sendTo('nobody', { type: 'HELLO' }),
      wrong: sendTo('sink', { type: 'DATA', at: new Date(0) }),
      cry: broadcastToSameType({ type: 'CRY' }),
      byType: sendToType('Sink', { type: 'HELLO' }),
    },
  }).createMachine({
    context: { kept: undefined },
    on: {
      FORWARD: { actions: 'forward' },
      ASK: { actions: 'answer' },
      ASK_LATER: { actions: assign({ kept: ({ event }) => originOf(event) }) },
      NOW: { actions: 'answerLate' },
      NOBODY: { actions: 'nobody' },
      WRONG: { actions: 'wrong' },
      CRY: { actions: 'cry' },
      TYPE: { actions: 'byType' },
    },
  });
  const trio = () => {
    const asker = session.addMachine(listener, 'asker');
    const sink = session.addMachine(listener, 'sink');
    const through = session.addMachine(relay, 'relay');
    session.connect('asker', 'relay');
    session.connect('relay', 'sink');
    return { asker, sink, through };
  };
  const types = ({ actor }: { actor: { getSnapshot(): { context: { got: readonly object[] } } } }) =>
    actor.getSnapshot().context.got.map((event) => (event as { type: string }).type);

  test('sendTo sends to a machine that it is connected with, and names what made it send', async () => {
    const { asker, sink } = trio();
    const envelopes: Envelope[] = [];
    sink.onMessage((envelope) => envelopes.push(envelope));
    const { id } = await asker.sendTo('relay', { type: 'FORWARD' });
    await eventually('it is there', () => envelopes.length > 0);
    expect(envelopes[0]).toMatchObject({ event: { type: 'FORWARDED', of: 'FORWARD' }, causationId: id });
    expect(envelopes[0]?.from).toMatch(/\/relay$/);
  });

  test('reply answers whoever sent the event, at once or later, and names what it answers', async () => {
    const { asker } = trio();
    const envelopes: Envelope[] = [];
    asker.onMessage((envelope) => envelopes.push(envelope));
    const first = await asker.sendTo('relay', { type: 'ASK' });
    const later = await asker.sendTo('relay', { type: 'ASK_LATER' });
    await asker.sendTo('relay', { type: 'NOW' });
    await eventually('both are there', () => envelopes.length === 2);
    expect(envelopes.map(({ event, correlationId }) => [event.type, correlationId])).toEqual([
      ['ANSWER', first.id],
      ['LATE', later.id],
    ]);
  });

  test('broadcastToSameType reaches all that it is connected with', async () => {
    const { asker, sink } = trio();
    await asker.sendTo('relay', { type: 'CRY' });
    await eventually('both heard it', () => types(asker).length === 1 && types(sink).length === 1);
    expect([types(asker), types(sink)]).toEqual([['CRY'], ['CRY']]);
  });

  test.each([
    ['NOBODY', 'MACHINE_UNKNOWN'],
    ['WRONG', 'EVENT_INVALID'],
    ['TYPE', 'there are no types here'],
  ])('what cannot be sent is told, and the machine goes on: %s', async (type, problem) => {
    const { asker, through } = trio();
    expect(await asker.sendTo('relay', { type })).toMatchObject({ status: 'handled' });
    await eventually('it is told', () => problems.length > 0);
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(through.actor.getSnapshot().status).toBe('active');
  });

  test('of a machine that is connected with nobody send nothing', async () => {
    const { asker } = trio();
    session.disconnect('relay', 'sink');
    await asker.sendTo('relay', { type: 'FORWARD' });
    await eventually('it is told', () => problems.length > 0);
    expect(problems).toEqual([expect.stringContaining('NOT_LINKED')]);
  });

  test('need a session or a node', () => {
    const actor = createActor(relay).start();
    const errors: unknown[] = [];
    actor.subscribe({ error: (error) => errors.push(error) });
    actor.send({ type: 'ASK' });
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('runs on no node') })]);
  });
});

describe('many machines', () => {
  test('a chain of 10,000 does not overflow the stack', async () => {
    const length = 10_000;
    using connector = new InterMachineConnector({ report });
    const link = setup({
      types: { context: {} as { readonly next: string }, input: {} as { readonly next: string } },
      actions: {
        pass: sendTo(
          ({ context }) => context.next,
          ({ event }) => event,
        ),
      },
    });
    for (let n = 0; n < length; n++) {
      const machine = link.createMachine({ context: { next: `m${n + 1}` }, on: { PASS: { actions: 'pass' } } });
      connector.registerMachine(`m${n}`, machine);
    }
    const end = connector.registerMachine(`m${length}`, listener);
    connector.registerMachine('begin', listener);
    connector.connect('begin', 'm0');
    for (let n = 0; n < length; n++) connector.connect(`m${n}`, `m${n + 1}`);
    await connector.send('begin', 'm0', { type: 'PASS', n: 1 });
    await eventually('the end is reached', () => end.getSnapshot().context.got.length > 0, 60_000);
    expect(end.getSnapshot().context.got).toEqual([{ type: 'PASS', n: 1 }]);
    expect(problems).toEqual([]);
  });

  test('two that play ping-pong without end leave timers on time', async () => {
    const player = setup({
      types: { context: {} as { readonly hits: number } },
      actions: { hit: reply({ type: 'HIT' }) },
    }).createMachine({
      context: { hits: 0 },
      on: { HIT: { actions: [assign({ hits: ({ context }) => context.hits + 1 }), 'hit'] } },
    });
    const [one] = [session.addMachine(player, 'one'), session.addMachine(player, 'two')];
    session.connect('one', 'two');
    await one.sendTo('two', { type: 'HIT' });
    const delays: number[] = [];
    for (let n = 0; n < 20; n++) {
      const before = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 10));
      delays.push(performance.now() - before);
    }
    // A slice takes 5 ms. Where the game kept the event loop for itself, no timer would ever fire.
    expect(delays.toSorted((a, b) => a - b)[10]).toBeLessThan(100);
    expect(one.actor.getSnapshot().context.hits).toBeGreaterThan(200);
  });
});
