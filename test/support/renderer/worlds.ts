import type { PairingView, StrangerView } from '../../../shared/api.ts';
import type { Address } from '../../../shared/ids.ts';
import { FakeWorld, fakeNodeId } from './fake-world.ts';
import { pressLine, type Running } from './press-line.ts';

/** Worlds to look at, and to test with, by name. */
export const WORLDS: Readonly<Record<string, () => Running>> = {
  line: pressLine,
  empty: () => ({ world: new FakeWorld('lonely'), stop: () => {} }),
  open() {
    const world = new FakeWorld('demo');
    const { networkKeyId: _, ...node } = world.node;
    world.node = node;
    const { keyId: __, ...trust } = world.trust;
    world.trust = { ...trust, open: true };
    return { world, stop: () => {} };
  },
  strangers: () => ({ world: strangersWorld(), stop: () => {} }),
  busy: () => busy(500, 1_000),
  letters: () => ({ world: lettersWorld(), stop: () => {} }),
  hostile: () => ({ world: hostileWorld(), stop: () => {} }),
};

/** A node with strangers around it, members, a blocked node, and people who did things. */
export function strangersWorld(): FakeWorld {
  const world = new FakeWorld('hall');
  const [attic, cellar] = [world.addPeer('attic'), world.addPeer('cellar', { state: 'offline' })];
  const now = Date.now();
  const stranger = (name: string, more: Partial<StrangerView> = {}): StrangerView => ({
    id: fakeNodeId(`stranger ${name}`),
    name,
    endpoints: [{ host: '192.168.7.40', port: 49_300 }],
    types: [],
    ...more,
  });
  world.setTrust({
    members: 2,
    strangers: [
      stranger('packing-line-2', { types: ['Conveyor', 'Labeller', 'Service_Alpha_1'] }),
      stranger('attic', { knockedAt: now - 42_000, namesake: attic.id }),
      stranger('', { knockedAt: now - 400_000, endpoints: [] }),
    ],
    replaced: [{ keyId: 'q7m2ycd4', until: now + 29 * 86_400_000 }],
    trusted: [{ id: cellar.id, name: 'cellar', at: now - 86_400_000 }],
    blocked: [{ id: fakeNodeId('blocked'), name: 'old-laptop', at: now - 3_600_000 }],
  });
  world.audit = [
    { action: 'block', subject: fakeNodeId('blocked'), detail: 'key k3v7qd2m', by: 'dashboard' },
    { action: 'send', subject: `im://${attic.id}/Press_1`, detail: 'LOAD', by: 'command' },
    { action: 'pair', subject: attic.id, detail: 'compared digits, gave the key', by: 'dashboard' },
  ].map((row, at) => ({ ...row, place: 3 - at, at: now - (at + 1) * 3_600_000 }));
  return world;
}

/** A node to which things were refused, beside a peer that catches up and one that is away. */
export function lettersWorld(letters = 5): FakeWorld {
  const world = new FakeWorld('hall');
  const now = Date.now();
  const attic = world.addPeer('attic', {
    waiting: 3_812,
    waitingLength: 812_000,
    oldestSentAt: now - 7_300_000,
    syncing: { of: 5_000, sent: 1_400, acknowledged: 1_188 },
  });
  const cellar = world.addPeer('cellar', {
    state: 'offline',
    waiting: 42,
    waitingLength: 8_900,
    oldestSentAt: now - 9_000_000,
  });
  const reasons = ['NOT_ACCEPTED', 'ENVELOPE_EXPIRED', 'MACHINE_FAILED', 'PEER_FORGOTTEN', 'MACHINE_UNKNOWN'] as const;
  world.letters = Array.from({ length: letters }, (_, n) => {
    const place = letters - n;
    const reason = reasons[n % reasons.length] ?? 'NOT_ACCEPTED';
    const isHere = reason === 'MACHINE_FAILED' || reason === 'MACHINE_UNKNOWN';
    const [there, here] = [n % 2 === 0 ? attic.id : cellar.id, world.node.id];
    return {
      place,
      id: `00000000000000a1-${place}`,
      direction: isHere ? 'in' : 'out',
      from: `im://${isHere ? there : here}/Feeder_1` as Address,
      to: `im://${isHere ? here : there}/Robot_1` as Address,
      eventType: 'PART_READY',
      eventJson: JSON.stringify({ type: 'PART_READY', part: place, at: { hall: 'north', row: 7 } }),
      reason,
      sentAt: now - n * 61_000 - 5_000,
      diedAt: now - n * 61_000,
    };
  });
  return world;
}

/** One pairing as a page sees it, at the digits. */
export const comparing = (more: Partial<PairingView> = {}): PairingView => ({
  method: 'digits',
  opened: true,
  asked: false,
  stage: 'comparing',
  peer: { id: fakeNodeId('stranger packing-line-2'), name: 'packing-line-2' },
  digits: '042917',
  agreed: false,
  peerAgreed: false,
  closesAt: Date.now() + 93_000,
  ...more,
});

/** Many machines that change all the time, and many messages. */
export function busy(machines: number, messagesEachSecond: number): Running {
  const world = new FakeWorld('hub');
  const nodes = [
    world.node,
    ...['north', 'south', 'east', 'west', 'attic'].map((name) =>
      world.addPeer(name, { roundTripMs: 1 + name.length / 7 }),
    ),
  ];
  const types = ['Feeder', 'Robot', 'Press', 'Inspector', 'Conveyor', 'Camera', 'Service_Alpha_1', 'Labeller'];
  const all: Address[] = [];
  for (let n = 0; n < machines; n++) {
    const type = types[n % types.length] ?? 'Robot';
    const node = nodes[n % nodes.length] ?? world.node;
    all.push(world.addMachine(`${type}_${n}`, type, node).address);
  }
  const states = ['idle', 'work.running', 'work.paused, door.open', 'waitingForPress', 'returning'];
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(Math.random() * items.length)] as Item;
  const local = all.filter((address) => address.includes(world.node.id));
  const everyMs = 20;
  const timer = setInterval(() => {
    for (let n = 0; n < (messagesEachSecond * everyMs) / 1_000; n++) {
      const [from, to] = Math.random() < 0.5 ? [pick(local), pick(all)] : [pick(all), pick(local)];
      const row = world.send(from, to, { type: pick(['LOAD', 'LOADED', 'TICK']), n } as never);
      world.settle(row, pick(['handled', 'handled', 'handled', 'ignored', 'refused']));
      world.changeMachine(to, { state: pick(states) });
    }
    if (world.log.length > 50_000) world.log.splice(0, 20_000);
  }, everyMs);
  return { world, stop: () => clearInterval(timer) };
}

export const HOSTILE_NAMES = [
  '<img src=x onerror=window.hacked=1><script>window.hacked=1</script>',
  '\u001b[31mred\u001b[0m\u0007\u0000',
  'safe\u202Egpj.exe\u202C\u2066',
  'long'.repeat(2_500),
  'z\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a\u030b\u030c\u030d\u030e'.repeat(8),
  'lone\ud800surrogate',
  '\n\n\n\tlines\r\n',
  '',
];

/** Names that a peer of a strange build might send, wherever a text can come from a peer. */
export function hostileWorld(): FakeWorld {
  const world = new FakeWorld('under-attack');
  world.setTrust({
    strangers: HOSTILE_NAMES.map((name, index) => ({
      id: fakeNodeId(`stranger ${index}`),
      name,
      endpoints: [{ host: name, port: 1 }],
      types: [name],
    })),
    blocked: HOSTILE_NAMES.map((name, index) => ({ id: fakeNodeId(`blocked ${index}`), name, at: 0 })),
    pairing: comparing({ peer: { id: fakeNodeId('stranger 2'), name: HOSTILE_NAMES[2] ?? '' } }),
  });
  world.audit = HOSTILE_NAMES.map((name, place) => ({
    place,
    at: 0,
    by: name,
    action: name,
    subject: name,
    detail: name,
  }));
  for (const [index, name] of HOSTILE_NAMES.entries()) {
    const peer = world.addPeer(`peer ${index}`, { name, problem: name, advertisedTypes: [name] });
    const machine = world.addMachine(`machine_${index}`, name, peer, {
      id: name as never,
      version: name,
      state: name,
      metadata: { [name]: name },
    });
    const row = world.send(
      machine.address,
      `im://${world.node.id}/$node` as Address,
      { type: name, text: name, [name]: HOSTILE_NAMES } as never,
    );
    world.settle(row, 'handled');
  }
  return world;
}
