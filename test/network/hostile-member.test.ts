import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { NetworkKey } from '../../main/adapters/identity/network-key.ts';
import { CLOSE } from '../../main/core/close-codes.ts';
import { DELIVERY_LIMITS, MAX_MACHINES_OF_PEER } from '../../main/core/defaults.ts';
import type { Ack } from '../../main/core/wire.ts';
import { createNode, type InterMachineNode } from '../../main/index.ts';
import { encodeLabel } from '../../shared/envelope-text.ts';
import { machineId, machineType, type NodeId, nodeId } from '../../shared/ids.ts';
import { Stranger } from '../support/stranger.ts';
import { type TcpRelay, tcpRelay } from '../support/transport/tcp-relay.ts';
import { until } from '../support/transport/until.ts';
import { freeUdpPort } from '../support/udp-port.ts';

// A member that has the network's key, and uses it against the others, at the sockets of two real nodes.

const KEY = NetworkKey.parse('abcdefghijklmnopqrstuvwxya');

let home: string;
let nodes: InterMachineNode[];
let lines: Stranger[];
let problems: string[];
let relay: TcpRelay | undefined;
/** Each line is that of a later start. */
let starts = 5;
const [p, q] = [0, 1];
const nodeAt = (at: number) => nodes[at] as InterMachineNode;
const keyIds = () => nodes.map(({ trust }) => trust.keyId);

beforeEach(async () => {
  const loopbackPort = await freeUdpPort();
  // On disk, since the time that a disk takes is what an attacker may gain.
  home = await mkdtemp(join(tmpdir(), 'intermachine-member-'));
  problems = [];
  lines = [];
  nodes = [];
  for (const name of ['p', 'q'])
    nodes.push(
      await createNode({
        ...{ name, loopbackPort, networkKey: KEY.reveal(), dataDir: join(home, name), machineFiles: false },
        report: (text) => problems.push(`${name}: ${text}`),
      }),
    );
  await until('the two are linked', () => nodes.every((node) => node.peers().some(({ state }) => state === 'alive')));
});
afterEach(async () => {
  relay?.close();
  await Promise.all([...lines, ...nodes].map((each) => each.stop()));
  await rm(home, { recursive: true, force: true });
});

/** A line of the member to a node, welcomed by it. */
async function lineTo(
  at: number,
  material?: Stranger['material'],
  key = KEY,
  port = nodeAt(at).port,
): Promise<Stranger> {
  const line = new Stranger(material);
  lines.push(line);
  await line.dial(port);
  const { connection } = line;
  await line.hello({
    proofs: connection ? [{ keyId: key.id, mac: key.prove(connection, 'dialler') }] : [],
    incarnation: ++starts,
  });
  if (line.id < nodeAt(at).id) line.send({ type: 'welcome', generation: [starts, 1] });
  return line;
}

const isIn = (at: number, id: NodeId) =>
  nodeAt(at)
    .peers()
    .find((peer) => peer.id === id)?.state === 'alive';

describe('a member that is blocked', () => {
  test('cannot shut out the one that blocks it, however soon it tells the others', async () => {
    const toP = await lineTo(p);
    const toQ = await lineTo(q, toP.material);
    await until('it is in', () => isIn(p, toP.id) && isIn(q, toP.id));
    const own = NetworkKey.random();
    const cut = toP.closed.then(() => toQ.send({ type: 'key', key: own.reveal(), without: [nodeAt(p).id] }));
    await nodeAt(p).trust.block(toP.id);
    expect((await toP.closed).code).toBe(CLOSE.notTrusted);
    await cut;
    expect((await toQ.closed).code).toBe(CLOSE.notTrusted);
    await until('both have one key', () => keyIds()[p] === keyIds()[q]);
    expect(keyIds()).not.toContain(own.id);
    expect(keyIds()).not.toContain(KEY.id);
    expect(
      nodeAt(p)
        .peers()
        .find(({ id }) => id === nodeAt(q).id)?.state,
    ).toBe('alive');
    // What it heard has no fresh key in it.
    const told = lines.flatMap(({ heard }) => heard).filter((frame) => frame.type === 'key');
    expect(told).toEqual([]);
  });

  test('finds its word against another member shown to the people there', async () => {
    const toQ = await lineTo(q);
    await until('it is in', () => isIn(q, toQ.id));
    toQ.send({ type: 'key', key: NetworkKey.random().reveal(), without: [nodeAt(p).id] });
    await until('it is said', () => problems.some((text) => text.startsWith('q: member stranger shut out p.')));
    expect((await nodeAt(q).trust.audit())[0]).toMatchObject({
      action: 'rotate',
      subject: nodeAt(p).id,
      by: `member ${toQ.id}`,
    });
  });
});

describe('a member that gives the network fresh keys without end', () => {
  test('is heard slowly, parts nobody from the others, and keeps those in that were away', async () => {
    const [toP, toQ] = await Promise.all([lineTo(p), lineTo(q)]);
    await until('it is in', () => isIn(p, toP.id) && isIn(q, toQ.id));
    for (let n = 0; n < 200; n++)
      for (const line of [toP, toQ]) line.send({ type: 'key', key: NetworkKey.random().reveal(), without: [] });
    await until('both have one key', () => keyIds()[p] === keyIds()[q] && keyIds()[p] !== KEY.id, 20_000);
    expect(nodes.flatMap(({ trust }) => trust.view().replaced.map(({ keyId }) => keyId))).toContain(KEY.id);
    for (const { trust } of nodes) expect((await trust.audit({ limit: 100 })).length).toBeLessThan(40);
    expect(
      nodes.every((node) => node.peers().some(({ name, state }) => /^[pq]$/.test(name) && state === 'alive')),
    ).toBe(true);
  });

  test('cannot wash out who was shut out before', async () => {
    const toP = await lineTo(p);
    const toQ = await lineTo(q, toP.material);
    await until('it is in', () => isIn(p, toP.id) && isIn(q, toP.id));
    await nodeAt(p).trust.block(toP.id);
    await toQ.closed;
    const other = await lineTo(q, undefined, NetworkKey.parse(await nodeAt(q).trust.revealKey()));
    await until('another is in', () => isIn(q, other.id));
    const letters = [...'abcdefghijklmnop'];
    const junk = letters.flatMap((one) => letters.map((two) => nodeId(`${one}${two}`.padStart(52, 'q'))));
    other.send({ type: 'key', key: NetworkKey.random().reveal(), without: junk });
    await until('its key is taken', () => keyIds()[q] !== undefined && nodeAt(q).trust.view().replaced.length > 1);
    const again = await lineTo(q, toP.material);
    expect((await again.closed).code).toBe(CLOSE.notTrusted);
  });
});

test('D8: of a member that tells of machines without end no more are remembered than the bound says, and people are told', async () => {
  const toP = await lineTo(p);
  await until('it is in', () => isIn(p, toP.id));
  for (let page = 0; page * 1_000 < MAX_MACHINES_OF_PEER + 5_000; page++) {
    const added = Array.from({ length: 1_000 }, (_, n) => ({
      ...{ id: machineId(`M_${page * 1_000 + n}`), type: machineType('M'), version: '1.0.0', metadata: {} },
      ...{ healthy: true, running: true },
    }));
    toP.send({ type: 'machines', full: page === 0, last: true, added, removed: [] });
  }
  await until('it is said', () => problems.some((text) => text.includes(`more than ${MAX_MACHINES_OF_PEER} machines`)));
  expect(nodeAt(p).discoverByType('M')).toHaveLength(MAX_MACHINES_OF_PEER);
  expect(isIn(p, toP.id)).toBe(true);
  expect(
    nodeAt(p)
      .peers()
      .find(({ id }) => id === nodeAt(q).id)?.state,
  ).toBe('alive');
});

describe('D8: a member that asks without end', () => {
  test('hears the states of all machines at most every 100 ms', async () => {
    await nodeAt(p).register('Lamp', createMachine({ initial: 'off', states: { off: {} } }));
    const toP = await lineTo(p);
    await until('it is in', () => isIn(p, toP.id));
    const from = performance.now();
    for (let n = 0; n < 5_000; n++) toP.send({ type: 'interest', all: n % 2 === 0, types: ['Lamp'] });
    toP.send({ type: 'ping', at: 4711 });
    await until('all was heard', () => toP.heard.some((frame) => frame.type === 'pong' && frame.at === 4711));
    await until('it is told', () => toP.heard.some(({ type }) => type === 'states'));
    const told = toP.heard.filter(({ type }) => type === 'states').length;
    expect(told).toBeLessThanOrEqual(2 + (performance.now() - from) / 100);
  });

  test('and does not read waits for charts, 1,000 of them at most, and its line is not full of them', async () => {
    const description = 'x'.repeat(250_000);
    await nodeAt(p).register('Large', createMachine({ description, initial: 'off', states: { off: {} } }));
    relay = await tcpRelay(nodeAt(p).port);
    const toP = await lineTo(p, undefined, KEY, relay.port);
    await until('it is in', () => isIn(p, toP.id));
    relay.hold(true);
    for (let question = 0; question < 3_000; question++)
      toP.send({ type: 'describe', question, machine: machineId('Large_1') });
    const last = { id: machineId('Last_1'), type: machineType('Last'), version: '1.0.0', metadata: {} };
    const added = [{ ...last, healthy: true, running: true }];
    toP.send({ type: 'machines', full: true, last: true, added, removed: [] });
    await until('all was heard', () => nodeAt(p).discoverByType('Last').length === 1);
    expect(isIn(p, toP.id)).toBe(true);
    relay.hold(false);
    await until('it is told', () =>
      toP.heard.some((frame) => frame.type === 'description' && frame.code !== undefined),
    );
    const told = toP.heard.filter((frame) => frame.type === 'description');
    expect(told.filter(({ code }) => code !== undefined).every(({ code }) => code === 'PEER_BUSY')).toBe(true);
    expect(told.some(({ chart }) => chart !== undefined)).toBe(true);
  });
});

describe('D8: a member whose events are refused, and that never says that it knows', () => {
  const EPOCH = 'feedfacefeedface';
  const { refusalsOpen, windowRows } = DELIVERY_LIMITS;
  const label = encodeLabel({ from: machineId('A'), to: machineId('Nobody_1'), sentAt: 1, expiresAt: 100_000 });

  /** Names the epoch, and returns what the node has of it. */
  async function name(line: Stranger, first: number, epoch = EPOCH): Promise<Ack> {
    line.heard.length = 0;
    line.send({ type: 'resume', live: { [epoch]: first } });
    return await line.until('ack');
  }

  /** Sends what nobody takes, as there is credit, until the line ends or so many were acknowledged. Returns how many were. */
  async function send(line: Stranger, from: Ack, upTo: number): Promise<number> {
    let ended = false;
    void line.closed.then(() => (ended = true));
    let { mark, credit } = from;
    for (let next = mark + 1; !ended && mark < upTo; ) {
      const last = Math.min(credit, next + 500, upTo);
      if (last >= next) {
        const text = Array.from({ length: last - next + 1 }, () => `${label}\n{"type":"LOST"}`).join('\n');
        line.send({ type: 'messages', epoch: from.epoch, first: next, at: 1, text });
        next = last + 1;
      }
      const before = mark;
      const look = () => {
        for (const frame of line.heard.splice(0)) if (frame.type === 'ack') ({ mark, credit } = frame);
        return ended || mark > before;
      };
      await until('it is acknowledged', look);
    }
    return mark;
  }

  test('is cut off, with the reason, again and again, until it names what it knows', async () => {
    const toP = await lineTo(p);
    await until('it is in', () => isIn(p, toP.id));
    const mark = await send(toP, await name(toP, 1), 10 * refusalsOpen);
    expect(mark).toBeGreaterThan(refusalsOpen);
    expect(mark).toBeLessThan(refusalsOpen + windowRows);
    const { code, reason } = await toP.closed;
    expect({ code, reason }).toEqual({
      code: CLOSE.outOfSequence,
      reason: expect.stringMatching(/^of \d+ refusals it never said that it knows$/),
    });
    const again = await lineTo(p, toP.material);
    const answer = await name(again, 1);
    expect(answer.refused).toHaveLength(answer.mark);
    expect(await send(again, answer, Number.POSITIVE_INFINITY)).toBe(answer.mark);
    expect((await again.closed).code).toBe(CLOSE.outOfSequence);
    const honest = await lineTo(p, toP.material);
    const better = await name(honest, answer.mark + 1);
    expect(better.refused).toEqual([]);
    expect(await send(honest, better, answer.mark + 1_000)).toBe(answer.mark + 1_000);
    expect(isIn(p, nodeAt(q).id)).toBe(true);
  });

  test('finds what it left of older epochs forgotten when it begins another one', async () => {
    const toP = await lineTo(p);
    await until('it is in', () => isIn(p, toP.id));
    await send(toP, await name(toP, 1), 1_000);
    const next = await lineTo(p, toP.material);
    expect((await name(next, 1, 'beefbeefbeefbeef')).mark).toBe(0);
    expect(await name(next, 1)).toMatchObject({ mark: 1_000, refused: [] });
  });
});
