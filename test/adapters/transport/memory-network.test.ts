import { expect, test } from 'vitest';
import { SimulatedClock } from '../../../main/adapters/clock/simulated.ts';
import { createKeyMaterial } from '../../../main/adapters/identity/file.ts';
import { MemoryNetwork } from '../../../main/adapters/transport/memory.ts';
import { Recorder } from '../../support/transport/recorder.ts';

const LATENCY_MS = 10;

/** A scheduler whose turns are run by hand. */
class Turns {
  readonly #tasks: (() => void)[] = [];

  soon = (task: () => void): void => {
    this.#tasks.push(task);
  };

  get waiting(): number {
    return this.#tasks.length;
  }

  runOne(): void {
    this.#tasks.shift()?.();
  }
}

/** Promises settle between two turns of time. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

function newNetwork({ latencyMs = LATENCY_MS } = {}) {
  const clock = new SimulatedClock();
  const turns = new Turns();
  const network = new MemoryNetwork({ clock, scheduler: turns, latencyMs });
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += LATENCY_MS) {
      await settled();
      clock.increment(LATENCY_MS);
    }
    await settled();
  };
  const node = async (recorder = new Recorder()) => {
    const id = createKeyMaterial().node;
    const transport = network.transport(id);
    const { port } = await transport.listen(recorder.accept);
    return { id, transport, recorder, endpoint: { host: 'memory', port } };
  };
  return { clock, turns, network, pass, node };
}

async function joined() {
  const net = newNetwork();
  const [kitchen, cellar] = [await net.node(), await net.node()];
  const said = new Recorder();
  const dial = cellar.transport.dial({ node: kitchen.id, endpoints: [kitchen.endpoint] }, said.accept);
  await net.pass(50);
  await dial;
  const [listener, dialler] = [kitchen.recorder.lines[0], said.lines[0]];
  if (!listener || !dialler) throw new Error('not joined');
  return { ...net, kitchen, cellar, listener, dialler, said };
}

test('a frame arrives after the latency and not before', async () => {
  const { clock, listener, dialler } = await joined();
  dialler.connection.send('hello');
  clock.increment(LATENCY_MS - 1);
  expect(listener.frames).toEqual([]);
  clock.increment(1);
  expect(listener.frames).toEqual(['hello']);
});

test('without latency each frame takes one turn, in order', async () => {
  const { turns, node } = newNetwork({ latencyMs: 0 });
  const kitchen = await node(new Recorder((connection) => connection.send('at once')));
  const cellar = await node();
  const said = new Recorder();
  let isOpen = false;
  void cellar.transport.dial({ endpoints: [kitchen.endpoint] }, said.accept).then(() => {
    isOpen = true;
  });
  while (!isOpen) {
    turns.runOne();
    await settled();
  }
  for (const frame of ['a', 'b', 'c']) said.lines[0]?.connection.send(frame);
  const heard: string[][] = [];
  while (turns.waiting > 0) {
    turns.runOne();
    heard.push([...(kitchen.recorder.lines[0]?.frames ?? [])]);
  }
  expect(said.lines[0]?.frames).toEqual(['at once']);
  expect(heard.slice(-3)).toEqual([['a'], ['a', 'b'], ['a', 'b', 'c']]);
});

test('behind a pulled cable nothing arrives, what was under way is lost, and nobody is told', async () => {
  const { network, pass, kitchen, cellar, listener, dialler } = await joined();
  dialler.connection.send('under way');
  network.partition(kitchen.id, cellar.id);
  dialler.connection.send('into the void');
  listener.connection.send('into the void');
  await pass(60_000);
  expect([listener.frames, dialler.frames, listener.closes, dialler.closes]).toEqual([[], [], [], []]);
  expect(dialler.connection.bufferedBytes).toBe('into the void'.length + 'under way'.length);
});

test('a line that lost something shows no gap when the cable is back: it stays silent', async () => {
  const { network, pass, kitchen, cellar, listener, dialler } = await joined();
  dialler.connection.send('one');
  network.partition(kitchen.id, cellar.id);
  network.heal(kitchen.id, cellar.id);
  dialler.connection.send('two');
  listener.connection.send('three');
  await pass(1_000);
  expect([listener.frames, dialler.frames]).toEqual([[], []]);
});

test('a line that lost nothing goes on when the cable is back', async () => {
  const { network, pass, kitchen, cellar, listener, dialler } = await joined();
  network.partition(cellar.id, kitchen.id);
  await pass(1_000);
  network.heal(kitchen.id, cellar.id);
  dialler.connection.send('still here');
  await pass(20);
  expect(listener.frames).toEqual(['still here']);
});

test('a close behind a pulled cable is told at this end alone', async () => {
  const { network, pass, kitchen, cellar, listener, dialler } = await joined();
  network.partition(kitchen.id, cellar.id);
  dialler.connection.close(4408, 'silent');
  await pass(1_000);
  expect([dialler.closes, listener.closes]).toEqual([[{ code: 4408, reason: 'silent' }], []]);
});

test('a dial into a pulled cable times out after 3 s, and one after it was put back opens', async () => {
  const { network, pass, kitchen, cellar, said } = await joined();
  network.partition(kitchen.id, cellar.id);
  const target = { node: kitchen.id, endpoints: [kitchen.endpoint] };
  let failure: unknown;
  void cellar.transport.dial(target, said.accept).catch((thrown) => {
    failure = thrown;
  });
  await pass(2_900);
  expect(failure).toBeUndefined();
  await pass(200);
  expect(failure).toMatchObject({ code: 'DIAL_FAILED', message: expect.stringContaining('no answer within 3 s') });
  network.heal(kitchen.id, cellar.id);
  const again = cellar.transport.dial(target, said.accept);
  await pass(100);
  await again;
  expect(said.lines).toHaveLength(2);
});

test('a cable that is pulled in the middle of a dial leaves no line at the dialler', async () => {
  const net = newNetwork();
  const [kitchen, cellar] = [await net.node(), await net.node()];
  const said = new Recorder();
  const dial = cellar.transport.dial({ endpoints: [kitchen.endpoint] }, said.accept).catch((thrown) => thrown);
  while (kitchen.recorder.lines.length === 0) await net.pass(LATENCY_MS);
  net.network.partition(kitchen.id, cellar.id);
  await net.pass(3_100);
  expect(await dial).toMatchObject({ code: 'DIAL_FAILED' });
  expect(said.lines).toEqual([]);
  expect(kitchen.recorder.lines[0]?.closes).toEqual([]);
});

test('an answer that comes after the dialler gave up opens nothing, and the listener hears of it', async () => {
  const net = newNetwork({ latencyMs: 1_200 });
  const [kitchen, cellar] = [await net.node(), await net.node()];
  const said = new Recorder();
  const dial = cellar.transport.dial({ endpoints: [kitchen.endpoint] }, said.accept).catch((thrown) => thrown);
  await net.pass(10_000);
  expect(await dial).toMatchObject({ code: 'DIAL_FAILED' });
  expect(said.lines).toEqual([]);
  expect(kitchen.recorder.lines.map(({ closes }) => closes)).toEqual([[{ code: 1006, reason: '' }]]);
});

test('a pulled cable between two nodes does not touch the lines to a third', async () => {
  const { network, pass, node, kitchen, cellar, listener } = await joined();
  const attic = await node();
  const said = new Recorder();
  const dial = attic.transport.dial({ node: kitchen.id, endpoints: [kitchen.endpoint] }, said.accept);
  await pass(50);
  await dial;
  network.partition(kitchen.id, cellar.id);
  said.lines[0]?.connection.send('from the attic');
  await pass(50);
  expect(kitchen.recorder.lines[1]?.frames).toEqual(['from the attic']);
  expect(listener.frames).toEqual([]);
});

test('a cut ends the lines between two nodes at both ends with 1006, once, and they may dial again', async () => {
  const { network, pass, kitchen, cellar, listener, dialler, said } = await joined();
  dialler.connection.send('lost');
  network.cut(cellar.id, kitchen.id);
  network.cut(cellar.id, kitchen.id);
  expect(dialler.closes).toEqual([]);
  await pass(50);
  expect([listener.closes, dialler.closes]).toEqual([[{ code: 1006, reason: '' }], [{ code: 1006, reason: '' }]]);
  expect(listener.frames).toEqual([]);
  const again = cellar.transport.dial({ node: kitchen.id, endpoints: [kitchen.endpoint] }, said.accept);
  await pass(50);
  await again;
  expect(said.lines).toHaveLength(2);
});

test('a node that starts again is another listener, on another port', async () => {
  const { network, pass, kitchen, cellar, said } = await joined();
  await kitchen.transport.stop();
  const second = network.transport(kitchen.id);
  const heard = new Recorder();
  const { port } = await second.listen(heard.accept);
  expect(port).not.toBe(kitchen.endpoint.port);
  const dial = cellar.transport.dial({ node: kitchen.id, endpoints: [{ host: 'memory', port }] }, said.accept);
  await pass(50);
  await dial;
  await kitchen.transport.stop();
  await pass(50);
  expect([heard.lines.length, heard.lines[0]?.closes]).toEqual([1, []]);
});

test('two runs with the same inputs are the same, binding by binding', async () => {
  const [first, second] = [await joined(), await joined()];
  expect([...first.dialler.connection.binding]).toEqual([...second.dialler.connection.binding]);
});

test('two networks do not see each other', async () => {
  const [one, other] = [newNetwork(), newNetwork()];
  const kitchen = await one.node();
  const cellar = await other.node();
  const stranger = other.network.transport(createKeyMaterial().node);
  const said = new Recorder();
  const dial = stranger.dial({ endpoints: [kitchen.endpoint] }, said.accept);
  await other.pass(50);
  await dial;
  expect(said.lines[0]?.connection.peer).toBe(cellar.id);
});
