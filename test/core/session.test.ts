import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { type ConnectedMachine, InterMachineConnector, InterMachineSession } from '../../main/index.ts';
import { reply, sendTo } from '../../main/xstate.ts';

// XStateNet-IM's own tests of its connector and its session, each under its name there.

interface Got {
  readonly got: readonly unknown[];
}

/** Takes whatever it is sent, and keeps it. */
const listener = setup({
  types: { context: {} as Got, events: {} as { type: string; [key: string]: unknown } },
}).createMachine({
  context: { got: [] },
  on: { '*': { actions: assign({ got: ({ context, event }) => [...context.got, event] }) } },
});

/** Answers PING with PONG and PONG with PING, until it counted so many. */
const player = setup({
  types: {
    context: {} as { readonly left: number; readonly pings: number; readonly pongs: number },
    events: {} as { type: 'PING' } | { type: 'PONG' } | { type: 'SERVE'; to: string },
  },
  actions: {
    serve: sendTo(({ event }) => (event.type === 'SERVE' ? event.to : ''), { type: 'PING' }),
    pong: reply({ type: 'PONG' }),
    ping: reply({ type: 'PING' }),
  },
  guards: { goesOn: ({ context }) => context.left > 1 },
}).createMachine({
  context: { left: 5, pings: 0, pongs: 0 },
  on: {
    SERVE: { actions: 'serve' },
    PING: { actions: [assign({ pings: ({ context }) => context.pings + 1 }), 'pong'] },
    PONG: [
      {
        guard: 'goesOn',
        actions: [
          assign({ pongs: ({ context }) => context.pongs + 1, left: ({ context }) => context.left - 1 }),
          'ping',
        ],
      },
      { actions: assign({ pongs: ({ context }) => context.pongs + 1 }) },
    ],
  },
});

let session: InterMachineSession;
beforeEach(() => {
  session = new InterMachineSession();
});
afterEach(() => session[Symbol.dispose]());

const addListener = (id: string) => session.addMachine(listener, id);
const addPlayer = (id: string) => session.addMachine(player, id);
const got = (machine: ConnectedMachine<typeof listener>) => machine.actor.getSnapshot().context.got;
const counts = (machine: ConnectedMachine<typeof player>) => {
  const { pings, pongs } = machine.actor.getSnapshot().context;
  return { pings, pongs };
};
const failure = async (sending: Promise<unknown>): Promise<unknown> =>
  await sending.then(
    () => 'none',
    (error: { code?: string }) => error.code,
  );
/** Lets the machines do everything that they have to do. */
const settle = async () => {
  for (let n = 0; n < 50; n++) await new Promise(setImmediate);
};

describe('the connector', () => {
  test('RegisterMachine: it is started, and there under its id', () => {
    using connector = new InterMachineConnector();
    const actor = connector.registerMachine('machine1', listener);
    expect(actor.getSnapshot()).toMatchObject({ status: 'active', context: { got: [] } });
    expect(connector.machines()).toEqual(['machine1']);
    expect(connector.connections('machine1')).toEqual([]);
  });

  test('ConnectMachines: each is a connection of the other', () => {
    using connector = new InterMachineConnector();
    for (const id of ['machine1', 'machine2']) connector.registerMachine(id, listener);
    connector.connect('machine1', 'machine2');
    expect(connector.connections('machine1')).toEqual(['machine2']);
    expect(connector.connections('machine2')).toEqual(['machine1']);
  });

  test('SendDirectMessage: the handler gets the event, who sent it and to whom', async () => {
    using connector = new InterMachineConnector();
    for (const id of ['machine1', 'machine2']) connector.registerMachine(id, listener);
    connector.connect('machine1', 'machine2');
    const messages: unknown[] = [];
    connector.setMessageHandler('machine2', (envelope) => messages.push(envelope));
    const outcome = await connector.send('machine1', 'machine2', { type: 'GREETING', text: 'Hello' });
    expect(outcome).toEqual({ id: expect.any(String), status: 'handled' });
    expect(messages).toEqual([
      {
        id: outcome.id,
        from: expect.stringMatching(/^im:\/\/[a-z2-7]{52}\/machine1$/),
        to: expect.stringMatching(/\/machine2$/),
        event: { type: 'GREETING', text: 'Hello' },
        sentAt: expect.any(Number),
      },
    ]);
  });

  test('BidirectionalCommunication: one link carries both ways', async () => {
    using connector = new InterMachineConnector();
    const [one, two] = ['machine1', 'machine2'].map((id) => connector.registerMachine(id, listener));
    connector.connect('machine1', 'machine2');
    await connector.send('machine1', 'machine2', { type: 'THERE' });
    await connector.send('machine2', 'machine1', { type: 'BACK' });
    expect(two?.getSnapshot().context.got).toEqual([{ type: 'THERE' }]);
    expect(one?.getSnapshot().context.got).toEqual([{ type: 'BACK' }]);
  });
});

test('MultipleConnections_MeshTopology: each of three reaches each of the others', async () => {
  const machines = ['a', 'b', 'c'].map(addListener);
  session.connect('a', 'b');
  session.connect('b', 'c');
  session.connect('c', 'a');
  for (const from of machines)
    for (const to of machines)
      if (from !== to)
        expect(await from.sendTo(to.id, { type: `FROM_${from.id}` })).toMatchObject({ status: 'handled' });
  expect(machines.map(got)).toEqual([
    [{ type: 'FROM_b' }, { type: 'FROM_c' }],
    [{ type: 'FROM_a' }, { type: 'FROM_c' }],
    [{ type: 'FROM_a' }, { type: 'FROM_b' }],
  ]);
});

test('a mesh of 5: what each broadcasts reaches the four others, once', async () => {
  const ids = ['m1', 'm2', 'm3', 'm4', 'm5'];
  const machines = ids.map(addListener);
  for (const [index, one] of ids.entries()) for (const other of ids.slice(index + 1)) session.connect(one, other);
  for (const id of ids) expect(session.connections(id)).toHaveLength(4);
  const outcomes = await Promise.all(machines.map((machine) => machine.broadcast({ type: 'HERE', id: machine.id })));
  expect(outcomes.flat().map(({ status }) => status)).toEqual(Array(20).fill('handled'));
  expect(new Set(outcomes.flat().map(({ id }) => id)).size).toBe(20);
  for (const machine of machines) {
    const others = ids.filter((id) => id !== machine.id).map((id) => ({ type: 'HERE', id }));
    expect(got(machine)).toEqual(others);
  }
});

test('Broadcast_SendsToAllConnected: and to nobody else, itself neither', async () => {
  const hub = addListener('hub');
  const machines = [hub, ...['one', 'two', 'other'].map(addListener)];
  session.connect('hub', 'one');
  session.connect('two', 'hub');
  session.connect('one', 'other');
  const outcomes = await hub.broadcast({ type: 'HEARTBEAT' });
  expect(outcomes.map(({ status }) => status)).toEqual(['handled', 'handled']);
  expect(machines.map((machine) => got(machine).length)).toEqual([0, 1, 1, 0]);
  session.disconnect('hub', 'one');
  session.disconnect('hub', 'two');
  expect(await hub.broadcast({ type: 'HEARTBEAT' })).toEqual([]);
});

test('StateTransitions_ThroughInterMachine: an event moves the other machine, and only as its state allows', async () => {
  const lamp = setup({ types: { events: {} as { type: 'TURN_ON' } | { type: 'TURN_OFF' } } }).createMachine({
    initial: 'off',
    states: { off: { on: { TURN_ON: 'on' } }, on: { on: { TURN_OFF: 'off' } } },
  });
  const control = addListener('control');
  const { actor } = session.addMachine(lamp, 'lamp');
  session.connect('control', 'lamp');
  const states: unknown[] = [];
  for (const type of ['TURN_ON', 'TURN_ON', 'TURN_OFF']) {
    const { status } = await control.sendTo('lamp', { type });
    states.push([status, actor.getSnapshot().value]);
  }
  expect(states).toEqual([
    ['handled', 'on'],
    ['ignored', 'on'],
    ['handled', 'off'],
  ]);
});

test('PingPong_SymmetricExchange: each answers the other by itself, as often as it was told', async () => {
  const [one, two] = [addPlayer('one'), addPlayer('two')];
  session.connect('one', 'two');
  await two.sendTo('one', { type: 'SERVE', to: 'two' });
  await settle();
  expect(counts(one)).toEqual({ pings: 0, pongs: 5 });
  expect(counts(two)).toEqual({ pings: 5, pongs: 0 });
});

test('ErrorHandling_UnregisteredMachine: whoever is not there cannot be connected, sent to or asked about', async () => {
  const one = addListener('one');
  expect(() => session.connect('one', 'nobody')).toThrow(expect.objectContaining({ code: 'MACHINE_UNKNOWN' }));
  expect(() => session.connect('nobody', 'one')).toThrow(expect.objectContaining({ code: 'MACHINE_UNKNOWN' }));
  expect(() => session.connections('nobody')).toThrow(expect.objectContaining({ code: 'MACHINE_UNKNOWN' }));
  expect(() => session.removeMachine('nobody')).toThrow(expect.objectContaining({ code: 'MACHINE_UNKNOWN' }));
  expect(await failure(one.sendTo('nobody', { type: 'HELLO' }))).toBe('MACHINE_UNKNOWN');
  using connector = new InterMachineConnector();
  expect(await failure(connector.send('nobody', 'nobody', { type: 'HELLO' }))).toBe('MACHINE_UNKNOWN');
  expect(await failure(connector.broadcast('nobody', { type: 'HELLO' }))).toBe('MACHINE_UNKNOWN');
  expect(() => connector.setMessageHandler('nobody', () => {})).toThrow(
    expect.objectContaining({ code: 'MACHINE_UNKNOWN' }),
  );
});

test('ErrorHandling_DuplicateRegistration: an id is taken once, and the first machine goes on', async () => {
  const first = addListener('one');
  expect(() => addPlayer('one')).toThrow(expect.objectContaining({ code: 'MACHINE_EXISTS' }));
  expect(session.machines()).toEqual(['one']);
  const two = addListener('two');
  session.connect('one', 'two');
  await two.sendTo('one', { type: 'HELLO' });
  expect(got(first)).toEqual([{ type: 'HELLO' }]);
});

test('ErrorHandling_UnconnectedMachines: nothing passes, and both are told so', async () => {
  const [one, two] = [addListener('one'), addListener('two')];
  expect(await failure(one.sendTo('two', { type: 'HELLO' }))).toBe('NOT_LINKED');
  expect(await failure(one.sendTo('one', { type: 'HELLO' }))).toBe('NOT_LINKED');
  expect(await one.broadcast({ type: 'HELLO' })).toEqual([]);
  expect(() => session.disconnect('one', 'two')).toThrow(expect.objectContaining({ code: 'NOT_LINKED' }));
  expect([got(one), got(two)]).toEqual([[], []]);
});

test('DataPayload_Preserved: every kind of plain JSON arrives as it was sent', async () => {
  const event = {
    type: 'DATA',
    text: 'Grüße, 世界 🤖 \u0000 "quoted" \\ \n',
    empty: '',
    numbers: [0, -1, 1.5, 1e300, 5e-324, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER],
    flags: [true, false, null],
    nested: { deep: { deeper: [{ n: 1 }, [[]], {}] } },
    constructor: 'a key like any other',
  };
  const [one, two] = [addListener('one'), addListener('two')];
  session.connect('one', 'two');
  await one.sendTo('two', event);
  expect(got(two)).toEqual([event]);
});

test('HighVolumeMessages: 10,000 events arrive, each once and in order', async () => {
  const total = 10_000;
  const numbers: unknown[] = [];
  const [one, two] = [addListener('one'), addListener('two')];
  session.connect('one', 'two');
  two.onMessage(({ event }) => numbers.push(event.n));
  const outcomes = await Promise.all(Array.from({ length: total }, (_, n) => one.sendTo('two', { type: 'NUMBER', n })));
  expect(outcomes.every(({ status }) => status === 'handled')).toBe(true);
  expect(numbers).toEqual(Array.from({ length: total }, (_, n) => n));
});

test('Disconnect_StopsCommunication: nothing passes any more, until they are connected again', async () => {
  const [one, two] = [addListener('one'), addListener('two')];
  session.connect('one', 'two');
  await one.sendTo('two', { type: 'FIRST' });
  session.disconnect('two', 'one');
  expect(await failure(one.sendTo('two', { type: 'SECOND' }))).toBe('NOT_LINKED');
  expect(await failure(two.sendTo('one', { type: 'SECOND' }))).toBe('NOT_LINKED');
  session.connect('two', 'one');
  await one.sendTo('two', { type: 'THIRD' });
  expect(got(two)).toEqual([{ type: 'FIRST' }, { type: 'THIRD' }]);
});

test('UnregisterMachine_RemovesAllConnections: its links go with it, and another of its id begins without them', async () => {
  const [one, two, three] = [addListener('one'), addListener('two'), addListener('three')];
  session.connect('one', 'two');
  session.connect('two', 'three');
  session.connect('three', 'one');
  session.removeMachine('two');
  expect(two.actor.getSnapshot().status).toBe('stopped');
  expect(session.machines()).toEqual(['one', 'three']);
  expect(session.connections('one')).toEqual(['three']);
  expect(session.connections('three')).toEqual(['one']);
  expect(await failure(one.sendTo('two', { type: 'HELLO' }))).toBe('MACHINE_UNKNOWN');
  expect(await failure(two.sendTo('one', { type: 'HELLO' }))).toBe('MACHINE_UNKNOWN');
  const again = addListener('two');
  expect(session.connections('two')).toEqual([]);
  expect(await failure(three.sendTo('two', { type: 'HELLO' }))).toBe('NOT_LINKED');
  session.connect('two', 'three');
  await three.sendTo('two', { type: 'HELLO' });
  expect(got(again)).toEqual([{ type: 'HELLO' }]);
});

test('SymmetricPingPong_SimpleExchange: a ping there, a pong back', async () => {
  const asker = addListener('asker');
  const answerer = addPlayer('answerer');
  session.connect('asker', 'answerer');
  await asker.sendTo('answerer', { type: 'PING' });
  await settle();
  expect(counts(answerer)).toEqual({ pings: 1, pongs: 0 });
  expect(got(asker)).toEqual([{ type: 'PONG' }]);
});

test('BothMachinesInitiate_Simultaneously: neither waits for the other', async () => {
  const [one, two] = [addPlayer('one'), addPlayer('two')];
  session.connect('one', 'two');
  const outcomes = await Promise.all([
    two.sendTo('one', { type: 'SERVE', to: 'two' }),
    one.sendTo('two', { type: 'SERVE', to: 'one' }),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['handled', 'handled']);
  await settle();
  expect([counts(one), counts(two)]).toEqual([
    { pings: 5, pongs: 5 },
    { pings: 5, pongs: 5 },
  ]);
});

test('TrulySymmetric_BothCanPingAndPong: the same machine serves and answers, in either role', async () => {
  const [one, two] = [addPlayer('one'), addPlayer('two')];
  session.connect('one', 'two');
  await one.sendTo('two', { type: 'PING' });
  await settle();
  // One ping of ours was answered by a pong, which the machine answers with pings as long as it goes on.
  expect([counts(one), counts(two)]).toEqual([
    { pings: 0, pongs: 5 },
    { pings: 5, pongs: 0 },
  ]);
  await two.sendTo('one', { type: 'PING' });
  await settle();
  expect([counts(one), counts(two)]).toEqual([
    { pings: 5, pongs: 5 },
    { pings: 5, pongs: 5 },
  ]);
});
