import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectWithin } from '../support/figures.ts';
import { createLan, deafTo, type Lan, type LanHost, lanUnavailable } from '../support/lan.ts';
import { LanNode, linkAll, monotonicMs } from './lan-node.ts';

const noLan = lanUnavailable() ?? (spawnSync('nft', ['-v']).error && 'the command "nft" (nftables) is missing');

describe.skipIf(noLan)(`a LAN with faults${noLan ? ` (skipped: ${noLan})` : ''}`, () => {
  let lan: Lan;
  let one: LanHost;
  let two: LanHost;
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'intermachine-faults-'));
    lan = createLan(2);
    [one, two] = lan.hosts as [LanHost, LanHost];
  });
  afterEach(async () => {
    await lan.down();
    await rm(directory, { recursive: true, force: true });
  });

  async function pair(): Promise<[LanNode, LanNode]> {
    const nodes: [LanNode, LanNode] = [
      new LanNode(one, 'one', { dataDir: join(directory, 'one') }),
      new LanNode(two, 'two', { dataDir: join(directory, 'two') }),
    ];
    expectWithin('start → linked', await linkAll(nodes), 1_000);
    return nodes;
  }

  test('a host that hears no multicast is found by the one that hears it, whichever of them it is', async () => {
    for (const deaf of [one, two]) {
      lan.drop(...deafTo(deaf));
      const nodes = [new LanNode(one, 'one'), new LanNode(two, 'two')];
      expectWithin('one side deaf to multicast → linked', await linkAll(nodes), 4_000);
      await Promise.all(nodes.map((node) => node.kill()));
    }
  });

  test('a node that is back before anybody noticed that it was gone is linked at once: its old line is half open', async () => {
    const [first, second] = await pair();
    await first.send(second);
    // Nothing that it says in its last moment arrives, and nobody tells the first one that it is gone.
    two.cable('down');
    await second.kill();
    two.cable('up');
    const again = await new LanNode(two, 'two', { dataDir: join(directory, 'two') }).start();
    expect(again.id).toBe(second.id);
    const begun = await again.startedAt();
    expectWithin('half open, restart with the same id → linked', [(await again.sees(first, 'alive')) - begun], 1_000);
    await Promise.all([first.send(again), again.send(first)]);
    expect(first.problems).toEqual([]);
  });

  test('a host with a new address is linked again, and what is sent meanwhile arrives', async () => {
    const [first, second] = await pair();
    const changedAt = monotonicMs();
    // By IPv6 it would hardly be noticed.
    one.run('ip', ['-6', 'address', 'flush', 'dev', 'eth0']);
    two.run('ip', ['-6', 'address', 'flush', 'dev', 'eth0']);
    two.readdress('10.77.0.99');
    const [there, back] = await Promise.all([first.send(second), second.send(first)]);
    expectWithin('new address → relinked', [there - changedAt, back - changedAt], 8_000);
    expect(first.peers.get(second.id)?.endpoints).toContainEqual(expect.objectContaining({ host: '10.77.0.99' }));
  });

  test('a host whose interface is replaced by another one is linked again, and what is sent meanwhile arrives', async () => {
    const [first, second] = await pair();
    const changedAt = monotonicMs();
    two.replaceInterface('10.77.0.98');
    const [there, back] = await Promise.all([first.send(second), second.send(first)]);
    expectWithin('interface replaced → relinked', [there - changedAt, back - changedAt], 8_000);
  });

  test('two nodes with one identity: the later one has the line, and both they and their peer say so', async () => {
    const [witness, original] = await pair();
    await cp(join(directory, 'two'), join(directory, 'copy'), { recursive: true });
    const copy = await new LanNode(one, 'copy', { dataDir: join(directory, 'copy') }).start();
    expect(copy.id).toBe(original.id);
    await copy.sees(witness, 'alive');
    await original.first('problem', ({ message }) => message.includes('data directory was copied'));
    await witness.first('problem', ({ message }) => message.includes('data directory was copied'));
    await copy.send(witness);
    expect(witness.peers.get(copy.id)?.state).toBe('alive');
  });

  test('neighbours of a node on two networks learn of each other by it, where packets find their way', async () => {
    const other = createLan(1, 78);
    try {
      const [far] = other.hosts as [LanHost];
      other.join(two, '10.78.0.99');
      one.run('ip', ['route', 'add', '10.78.0.0/24', 'via', two.address]);
      far.run('ip', ['route', 'add', '10.77.0.0/24', 'via', '10.78.0.99']);
      const [near, middle, distant] = [new LanNode(one, 'near'), new LanNode(two, 'middle'), new LanNode(far, 'far')];
      const links = await linkAll([near, middle, distant]);
      // Told after two seconds, in which what was learned is gathered.
      expectWithin('neighbours of a node on two networks → linked', links, 4_000);
      await near.send(distant);
    } finally {
      await other.down();
    }
  });
});
