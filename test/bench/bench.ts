// npm run bench: the hot paths against the limit of their parts, in one run on one machine. Read the ratios, not the figures.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { createActor, createMachine } from 'xstate';
import { SqliteStore } from '../../main/adapters/store/sqlite.ts';
import { ObservedActor } from '../../main/core/observed-actor.ts';
import { createNode } from '../../main/index.ts';
import { reply } from '../../main/xstate.ts';
import { decodeEvent } from '../../shared/event.ts';
import { freeUdpPort } from '../support/udp-port.ts';
import { idOf } from '../support/world.ts';

const EVENTS = 100_000;
/** The best of so many: what else runs on the machine disturbs a part of them. */
const ROUNDS = 3;
/** Sends that the receiver does not have yet; enough to keep every part busy. */
const IN_FLIGHT = 8_000;
const SAMPLE = { type: 'SAMPLE', value: 'x'.repeat(72) };

const directory = await mkdtemp(join(tmpdir(), 'intermachine-bench-'));
const loopbackPort = await freeUdpPort();
let receiverRss = 0;
const receiver = fork(new URL('./receiver.ts', import.meta.url), [join(directory, 'receiver'), String(loopbackPort)]);
const told = async (key: string): Promise<number> => {
  for (;;) {
    const [message] = (await once(receiver, 'message')) as [Record<string, number>];
    receiverRss = message.rss ?? receiverRss;
    const value = message[key];
    if (value !== undefined) return value;
  }
};
const expectEvents = async (events: number): Promise<{ reached: Promise<number> }> => {
  receiver.send({ expect: events });
  await told('expecting');
  return { reached: told('reached') };
};

/** Events per second. */
async function rate(events: number, work: () => Promise<unknown>, rounds = 1): Promise<number> {
  let best = 0;
  for (let round = 0; round < rounds; round++) {
    const from = performance.now();
    await work();
    best = Math.max(best, (events * 1000) / (performance.now() - from));
  }
  return best;
}

const show = (what: string, perSecond: number, limit?: number) => {
  const ratio = limit ? `  ${(perSecond / limit).toFixed(2)} of its limit` : '';
  console.log(`${what.padEnd(66)} ${Math.round(perSecond).toLocaleString('en').padStart(9)} /s${ratio}`);
};

const showTimes = (what: string, times: readonly number[]) => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)]?.toFixed(2) ?? '?';
  console.log(`${what.padEnd(66)} p50 ${at(0.5)} ms  p99 ${at(0.99)} ms`);
};

const barePort = await told('ready');
const node = await createNode({ name: 'sender', dataDir: join(directory, 'sender'), loopbackPort });
const [sink] = await node.waitForType('Sink');
if (!sink) throw new Error('the receiver was not found');

const [echo] = await node.waitForType('Echo');
/** How long the answer takes, in milliseconds. */
async function ask(times: number[]): Promise<void> {
  if (!echo) throw new Error('the receiver was not found');
  const from = performance.now();
  await node.ask(echo.address, { type: 'PING' }, { timeoutMs: 60_000 });
  times.push(performance.now() - from);
}

console.log(`Node ${process.version}, ${EVENTS.toLocaleString('en')} events of 100 bytes\n`);

const bare = await rate(
  EVENTS,
  async () => {
    const { reached } = await expectEvents(EVENTS);
    const socket = new WebSocket(`ws://127.0.0.1:${barePort}`, { perMessageDeflate: false });
    await once(socket, 'open');
    for (let n = 0; n < EVENTS; n++) {
      socket.send(JSON.stringify(SAMPLE));
      if (n % IN_FLIGHT === 0) await new Promise(setImmediate);
    }
    await reached;
    socket.close();
  },
  ROUNDS,
);
show('ws alone, an event a frame, nothing stored', bare);

/** Of the last round: before, much is compiled for the first time. */
let asked: number[] = [];
const durable = await rate(
  EVENTS,
  async () => {
    const { reached } = await expectEvents(EVENTS);
    const times: number[] = [];
    asked = times;
    const asking = setInterval(() => void ask(times), 20);
    let flying = 0;
    let landed = () => {};
    const land = () => {
      flying--;
      landed();
    };
    for (let n = 0; n < EVENTS; n++) {
      flying++;
      void node.sendTo(sink.address, SAMPLE, { until: 'delivered' }).then(land);
      if (flying >= IN_FLIGHT) {
        await new Promise<void>((resolve) => {
          landed = resolve;
        });
      }
    }
    await reached;
    clearInterval(asking);
  },
  ROUNDS,
);
show('node to node, on disk at both ends before it is handed over', durable, bare);
showTimes('a question beside it, until it is answered', asked);
const megabytes = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MiB`;
console.log(
  `${'memory of the sender, and of the receiver'.padEnd(66)} ${megabytes(process.memoryUsage.rss())}, ${megabytes(receiverRss)}`,
);

const text = JSON.stringify(SAMPLE);
const watched = new ObservedActor(createActor(createMachine({ on: { SAMPLE: { actions: () => {} } } })).start(), {
  stepped: () => {},
  completed: () => {},
  failed: () => {},
});
const handed = await rate(
  EVENTS,
  async () => {
    for (let n = 0; n < EVENTS; n++) watched.handle(decodeEvent(text));
  },
  ROUNDS,
);
show('xstate alone: events from their text to a machine, and what it did', handed);

const store = new SqliteStore({ file: join(directory, 'alone.db') });
await store.open();
const stored = await rate(EVENTS, async () => {
  for (let n = 0; n < EVENTS; n += 100) {
    const text = Array.from({ length: 100 }, () => `["A","B",0,0]\n${JSON.stringify(SAMPLE)}`).join('\n');
    const page = {
      direction: 'local' as const,
      peer: idOf('a'),
      epoch: '0000000000000001',
      first: n + 1,
      count: 100,
      text,
    };
    const committing = store.commit([{ type: 'page', page: { ...page, clockOffset: 0, loggedAt: 0 } }]);
    if ((n / 100) % 20 === 19) await committing;
  }
  await store.commit([]);
});
show('rows of the log, in commits of 100', stored);
await store.close();

const trips: number[] = [];
for (let n = 0; n < 500; n++) {
  const from = performance.now();
  await node.sendTo(sink.address, SAMPLE, { until: 'handled' });
  trips.push(performance.now() - from);
}
showTimes('one event at a time, until it is handled', trips);

const EXCHANGES = 20_000;
const actor = createActor(createMachine({ on: { PING: {} } })).start();
const alone = await rate(EXCHANGES * 2, async () => {
  for (let n = 0; n < EXCHANGES * 2; n++) actor.send({ type: 'PING' });
});
show('xstate alone, transitions', alone);

const { promise: done, resolve } = Promise.withResolvers<void>();
/** The first one is the send below. It ends by itself: a machine that is taken away leaves an answer to nobody. */
let exchanges = 1;
const volley = [
  { guard: () => exchanges < EXCHANGES, actions: [() => void exchanges++, reply({ type: 'PING' })] },
  { actions: () => resolve() },
];
const one = await node.register('Volley', createMachine({ on: { PING: volley } }));
const partner = await node.register('Volley', createMachine({ on: { PING: { actions: reply({ type: 'PING' }) } } }));
const local = await rate(EXCHANGES * 2, async () => {
  void one.sendTo(partner.address, { type: 'PING' });
  await done;
});
show('two machines of one node, events, logged', local, alone);

receiver.disconnect();
await once(receiver, 'exit');
await node.stop();
await rm(directory, { recursive: true, force: true });
