import { describe, expect, test } from 'vitest';
import { diagnosisOf } from '../../main/core/diagnosis.ts';
import type { EndpointFact, Facts, TripFault } from '../../shared/diagnosis.ts';
import { announcementOf, factsOf, multicastOf, NODE, peerOf } from '../support/facts.ts';
import { idOf } from '../support/world.ts';

const idsOf = (changes: Partial<Facts>) => diagnosisOf(factsOf(changes)).findings.map(({ id }) => id);
function findingOf(id: string, changes: Partial<Facts>) {
  const finding = diagnosisOf(factsOf(changes)).findings.find((each) => each.id === id);
  if (!finding) throw new Error(`no "${id}" among ${idsOf(changes).join(', ')}`);
  return finding;
}
const lone: Partial<Facts> = {
  announcements: [],
  peers: [],
  multicast: [multicastOf({ answeredAfterMs: undefined as never })],
};
const without = <Object extends object, Key extends keyof Object>(object: Object, key: Key): Omit<Object, Key> => {
  const { [key]: _, ...rest } = object;
  return rest;
};
const silent = without(multicastOf(), 'answeredAfterMs');
const endpoint = (fault?: TripFault, reason = 'why'): EndpointFact => ({
  host: '192.168.1.6',
  port: 4_001,
  link: 'eth0',
  ...(fault && { trip: { fault, reason } }),
});

test('of a healthy network there is nothing to say but that it is', () => {
  const { findings, worst } = diagnosisOf(factsOf());
  expect(worst).toBe('ok');
  expect(findings.map(({ text }) => text)).toEqual([
    'InterMachine 0.1.0, protocol 1, on Node 24.21.0 with SQLite 3.54.1.',
    'Peers reach the node "kitchen" on TCP port 4000.',
    'eth0 is used, with 192.168.1.5.',
    'Multicast works on eth0 (IPv4): the first node answered after 4 ms.',
    '1 node is connected, the slowest in 1.2 ms there and back.',
  ]);
  expect(findings.filter(({ cure }) => cure !== undefined)).toEqual([]);
});

test('the worst comes first, and is the verdict', () => {
  const { findings, worst } = diagnosisOf(factsOf({ interfaces: [], node: { ...NODE, isOpen: true } }));
  expect(worst).toBe('error');
  const order = findings.map(({ severity }) => ['error', 'warning', 'hint', 'ok'].indexOf(severity));
  expect(order).toEqual(order.toSorted());
});

test('every finding that is more than a note has a cure, and every text is a sentence', () => {
  const faults: TripFault[] = ['refused', 'silent', 'unreachable', 'other'];
  const worlds: Partial<Facts>[] = [
    {},
    lone,
    { interfaces: [] },
    { isContainer: true },
    { multicast: [multicastOf({ problem: 'bind EADDRINUSE 0.0.0.0:5353' }), { ...silent, returned: false }] },
    { peers: faults.map((fault) => peerOf({ state: 'offline', endpoints: [endpoint(fault)] })) },
    { peers: [peerOf({ state: 'untrusted' }), peerOf({ isUnstable: true }), peerOf({ isHeard: false })] },
    { versions: { ...factsOf().versions, nodeApi: 9 } },
    { versions: without(factsOf().versions, 'sqlite') },
    {
      firewalls: (['ufw', 'firewalld', 'Windows Defender Firewall', 'the firewall of macOS'] as const).map((name) => ({
        name,
        isActive: true,
      })),
    },
  ];
  const platforms = ['linux', 'darwin', 'win32', 'freebsd'];
  for (const world of worlds)
    for (const platform of platforms)
      for (const { severity, text, cure } of diagnosisOf(factsOf({ ...world, platform })).findings) {
        expect(text).toMatch(/^\S.*[.:]?\S\.$/);
        expect(text).not.toMatch(/undefined|NaN|\[object/);
        if (severity === 'error' || severity === 'warning') expect(cure).toMatch(/\S/);
        expect(cure ?? '').not.toMatch(/undefined|NaN/);
      }
});

describe('this computer', () => {
  test('with a Node that is too old is told which one it takes', () => {
    const finding = findingOf('node-too-old', { versions: { ...factsOf().versions, node: '20.9.0', nodeApi: 9 } });
    expect(finding).toMatchObject({ severity: 'error', text: expect.stringContaining('Node 20.9.0') });
    expect(finding.cure).toContain('Node 24');
  });

  test('that cannot load the database is told so', () => {
    expect(findingOf('no-sqlite', { versions: without(factsOf().versions, 'sqlite') }).severity).toBe('error');
  });

  test('where no node runs says so, and whether the wanted port can be had', () => {
    const facts = without(factsOf(), 'node');
    expect(diagnosisOf(facts).findings.map(({ id }) => id)).toContain('no-node');
    expect(diagnosisOf({ ...facts, wantedPort: { port: 80 } }).findings.map(({ id }) => id)).not.toContain(
      'port-unusable',
    );
    const taken = diagnosisOf({ ...facts, wantedPort: { port: 80, problem: 'Port 80 is taken.' } });
    expect(taken.findings[0]).toMatchObject({
      id: 'port-unusable',
      severity: 'error',
      text: expect.stringContaining('taken'),
    });
  });

  test('that is a container announces inner addresses, unless told others', () => {
    expect(idsOf({ isContainer: true })).toContain('container');
    expect(idsOf({ isContainer: true, advertises: true })).not.toContain('container');
    expect(idsOf({ isContainer: true, isLoopback: true })).not.toContain('container');
  });

  test('that lets anybody in is warned', () => {
    expect(findingOf('open', { node: { ...NODE, isOpen: true } }).severity).toBe('warning');
  });
});

describe('the network', () => {
  test('that is missing is an error; a tunnel is only left aside', () => {
    const interfaces = [{ name: 'tun0', addresses: ['10.8.0.2'], unused: 'is a tunnel, which carries no multicast' }];
    expect(findingOf('no-network', { interfaces }).severity).toBe('error');
    expect(findingOf('interface-unused', { interfaces })).toMatchObject({
      severity: 'hint',
      text: 'tun0 is not used: it is a tunnel, which carries no multicast.',
    });
    expect(idsOf({ interfaces: [], isLoopback: true })).not.toContain('no-network');
  });

  test('where another program holds the port of mDNS says how to find it', () => {
    const multicast = [multicastOf({ problem: 'bind EADDRINUSE 0.0.0.0:5353' })];
    expect(findingOf('multicast-failed', { multicast }).cure).toContain('lsof -nP -iUDP:5353');
    expect(findingOf('multicast-failed', { multicast, platform: 'win32' }).cure).toContain('netstat -abno -p UDP');
  });

  test('into which a Mac does not let the program is told where to permit it', () => {
    const multicast = [multicastOf({ problem: 'send EHOSTUNREACH 224.0.0.251:5353' })];
    expect(findingOf('multicast-failed', { multicast, platform: 'darwin' }).cure).toMatch(
      /Privacy & Security, Local Network/,
    );
    expect(findingOf('multicast-failed', { multicast }).cure).toMatch(/firewall or a sandbox/);
  });

  test('on which our own question does not even come back is one with a wall around us', () => {
    expect(findingOf('multicast-silent', { multicast: [{ ...silent, returned: false }] }).severity).toBe('warning');
  });

  test('on which nobody answers may be one where nobody is', () => {
    expect(findingOf('nobody-heard', lone)).toMatchObject({
      severity: 'warning',
      cure: expect.stringContaining('--peer'),
    });
    expect(findingOf('nobody-heard', { ...lone, isLoopback: true }).cure).toContain('--loopback');
    expect(findingOf('nobody-heard', { ...lone, platform: 'darwin' }).cure).toContain('On a Mac');
    // Where multicast does not work at all, that is what has to be said.
    expect(idsOf({ ...lone, multicast: [{ ...silent, returned: false }] })).not.toContain('nobody-heard');
    expect(idsOf({ ...lone, peers: [peerOf({ isHeard: false })] })).not.toContain('nobody-heard');
  });

  test('with nodes of another namespace alone counts as one without anybody', () => {
    const announcements = [announcementOf({ isOurs: false }), announcementOf({ isOurs: false, id: idOf('c') })];
    expect(findingOf('other-namespace', { ...lone, announcements }).text).toBe(
      '2 nodes of another namespace are heard, and left alone.',
    );
    expect(idsOf({ ...lone, announcements })).toContain('nobody-heard');
  });

  test('that filters multicast, though the nodes are connected, is told how to be mended', () => {
    const peers = [peerOf({ isHeard: false })];
    expect(findingOf('multicast-filtered', { peers, announcements: [] }).cure).toContain('IGMP snooping');
    expect(
      findingOf('multicast-filtered', { peers, announcements: [announcementOf({ id: idOf('c') })] }).cure,
    ).toContain('on the way to them');
    // On another network nobody would hear it.
    const far = [peerOf({ isHeard: false, endpoints: [{ host: '10.0.0.6', port: 1 }] })];
    expect(idsOf({ peers: far })).not.toContain('multicast-filtered');
  });
});

describe('a firewall', () => {
  test.each([
    ['ufw', 'sudo ufw allow 5353/udp; sudo ufw allow 4000/tcp'],
    ['firewalld', '--add-service=mdns --add-port=4000/tcp'],
    ['Windows Defender Firewall', 'protocol=TCP localport=4000'],
    ['the firewall of macOS', 'allow incoming connections'],
  ] as const)('that is %s is opened so', (name, command) => {
    const firewalls = [{ name, isActive: true }];
    expect(findingOf('firewall', { firewalls }).cure).toContain(command);
  });

  test('is a note while all is well, and a warning where somebody cannot be reached or heard', () => {
    const firewalls = [{ name: 'ufw', isActive: true }] as const;
    expect(findingOf('firewall', { firewalls }).severity).toBe('hint');
    for (const world of [lone, { peers: [peerOf({ state: 'offline' })] }, { peers: [peerOf({ isHeard: false })] }])
      expect(findingOf('firewall', { firewalls, ...world }).severity).toBe('warning');
  });

  test('that is switched off is not spoken of; where the port changes at each start a fixed one comes first', () => {
    expect(idsOf({ firewalls: [{ name: 'ufw', isActive: false }] })).not.toContain('firewall');
    const facts = { ...without(factsOf(), 'node'), firewalls: [{ name: 'ufw', isActive: true }] as const };
    expect(diagnosisOf(facts).findings.find(({ id }) => id === 'firewall')?.cure).toMatch(
      /^Choose a fixed --port P\. .* P\/tcp$/,
    );
  });
});

describe('another node', () => {
  const offline = (changes: Parameters<typeof peerOf>[0]) => ({ peers: [peerOf({ state: 'offline', ...changes })] });

  test.each([
    ['refused', /Nothing listens there/],
    ['silent', /swallows the connection/],
    ['unreachable', /no way to its address/],
    ['other', /its own doctor/],
  ] as const)('that is heard and cannot be reached (%s) is an error, with its reason and a cure', (fault, cure) => {
    const finding = findingOf('peer-unreachable', offline({ endpoints: [endpoint(fault, 'timed out')] }));
    expect(finding).toMatchObject({ severity: 'error', text: expect.stringContaining('192.168.1.6:4001 (timed out)') });
    expect(finding.cure).toMatch(cure);
  });

  test('that TCP reaches and the node does not is said with what the node says', () => {
    const endpoints = [{ ...endpoint(), trip: { ms: 3 } }];
    const finding = findingOf(
      'peer-unreachable',
      offline({ isHeard: false, endpoints, problem: 'it is another node' }),
    );
    expect(finding.text).toBe('"garden" (bbbbbb) is there, and cannot be connected: it is another node.');
  });

  test('that nobody hears and that does not answer is away, which is no fault', () => {
    const { severity, text } = findingOf('peer-away', offline({ isHeard: false, endpoints: [endpoint('silent')] }));
    expect([severity, text]).toEqual(['hint', expect.stringContaining('nothing answers at 192.168.1.6:4001')]);
    expect(findingOf('peer-away', offline({ isHeard: false, endpoints: [] })).text).toContain(
      'any address that is known',
    );
  });

  test('that is not trusted, or speaks another protocol, is told apart', () => {
    const untrusted = (problem: string) => ({ peers: [peerOf({ state: 'untrusted', problem })] });
    expect(findingOf('peer-untrusted', untrusted('no proof of a key')).cure).toContain('same network key');
    expect(findingOf('peer-untrusted', untrusted('it speaks protocol 2')).cure).toContain('same version');
    expect(findingOf('peer-untrusted', { peers: [peerOf({ state: 'untrusted' })] }).text).toContain(
      'it is not trusted',
    );
  });

  test('whose line breaks again and again is a matter of cables', () => {
    expect(findingOf('peer-unstable', { peers: [peerOf({ isUnstable: true })] }).cure).toContain('cable');
  });

  test('is called by its id where it has no name', () => {
    expect(findingOf('peer-away', offline({ name: '', isHeard: false, endpoints: [] })).text).toMatch(
      /^node bbbbbbbbbbbb…/,
    );
  });

  test('that was only announced, as no node of ours runs, is tried', () => {
    const facts = (fault?: TripFault): Facts => ({
      ...without(factsOf(), 'node'),
      peers: [
        peerOf({ state: 'announced', endpoints: [fault ? endpoint(fault) : { ...endpoint(), trip: { ms: 2 } }] }),
      ],
    });
    expect(diagnosisOf(facts()).findings.map(({ id }) => id)).toContain('peer-reachable');
    expect(diagnosisOf(facts('silent')).worst).toBe('error');
  });
});

describe('one id', () => {
  test('that answers from two starts is two nodes', () => {
    const announcements = [announcementOf(), announcementOf({ incarnation: 4, from: '192.168.1.7' })];
    expect(findingOf('two-nodes-one-id', { announcements })).toMatchObject({
      severity: 'error',
      text: 'Two nodes with one id answer as "garden", from 192.168.1.6 and 192.168.1.7.',
    });
  });

  test('that answers from two addresses is one node', () => {
    expect(idsOf({ announcements: [announcementOf(), announcementOf({ from: 'fe80::1%eth0' })] })).not.toContain(
      'two-nodes-one-id',
    );
  });

  test('that is our own and answers from another start is a copy of us', () => {
    const announcements = [announcementOf({ id: NODE.id, incarnation: 9, from: '192.168.1.9' })];
    expect(findingOf('identity-copied', { announcements })).toMatchObject({
      severity: 'error',
      cure: expect.stringContaining('--data-dir'),
    });
    expect(idsOf({ announcements })).not.toContain('two-nodes-one-id');
  });
});
