import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/discovery.ts';
import { expectWithin } from '../support/figures.ts';
import { between, createLan, type Lan, lanUnavailable, loss } from '../support/lan.ts';
import { LanNode, linkAll, meetAll, monotonicMs } from './lan-node.ts';

const noLan = lanUnavailable() ?? (spawnSync('nft', ['-v']).error && 'the command "nft" (nftables) is missing');

describe.skipIf(noLan)(`a crowded and a bad LAN${noLan ? ` (skipped: ${noLan})` : ''}`, () => {
  let lan: Lan;
  afterEach(() => lan.down());

  const nodesOn = (count: number): LanNode[] => {
    lan = createLan(count);
    return lan.hosts.map((host, at) => new LanNode(host, `n${at + 1}`));
  };

  test('20 nodes that start at the same moment are all linked to each other, and stay so', async () => {
    const nodes = nodesOn(20);
    const { found, linked } = await meetAll(nodes);
    expectWithin('20 nodes at once → all see all', found, 5_000);
    expectWithin('20 nodes at once → 190 links', linked, 10_000);
    const problems = nodes.flatMap((node) => node.problems);
    expect(problems).toEqual([]);
    for (const node of nodes) {
      expect(node.peers.size).toBe(19);
      expect([...node.peers.values()].filter(({ unstable }) => unstable)).toEqual([]);
    }
  });

  test.for([30, 50])('three nodes are linked although %i in a hundred packets are lost', async (percent) => {
    const figures: number[] = [];
    for (let round = 0; round < 3; round++) {
      const nodes = nodesOn(3);
      lan.drop(loss(percent));
      figures.push(...(await linkAll(nodes)));
      await lan.down();
    }
    expectWithin(`${percent} % loss → linked`, figures, 10_000);
  });

  test('a LAN that falls into two halves and grows together again: each half stays linked, and all are linked after it', async () => {
    const nodes = nodesOn(6);
    await linkAll(nodes);
    const [left, right] = [nodes.slice(0, 3), nodes.slice(3)];
    const apartAt = monotonicMs();
    lan.drop(...between(lan.hosts.slice(0, 3), lan.hosts.slice(3)));
    const across = [...left.flatMap((node) => right.map((other) => [node, other] as const))];
    const both = across.flatMap(([node, other]) => [[node, other] as const, [other, node] as const]);
    const became = async (state: 'suspect' | 'offline' | 'alive', since: number) =>
      (await Promise.all(both.map(([node, other]) => node.sees(other, state, since)))).map((at) => at - since);
    expectWithin('partition → unlinked', await became('suspect', apartAt), 5_000);
    expectWithin('partition → offline', await became('offline', apartAt), 10_000);
    for (const half of [left, right])
      for (const node of half)
        for (const other of half) if (other !== node) expect(node.peers.get(other.id)?.state).toBe('alive');
    // So long that the redials have reached their ceiling.
    await eventually('15 s apart', () => monotonicMs() - apartAt > 15_000, 60_000);
    const healedAt = monotonicMs();
    lan.drop();
    expectWithin('healed after 15 s → linked', await became('alive', healedAt), 10_000);
  });
});
