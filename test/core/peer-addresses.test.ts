import { expect, test } from 'vitest';
import { PeerAddresses } from '../../main/core/peer-addresses.ts';

const at = (...hosts: string[]) => hosts.map((host) => ({ host, port: 1 }));
const hosts = (addresses: PeerAddresses) => addresses.all.map(({ host }) => host);

test('a new sighting comes first, and right behind it where the peer was reached before', () => {
  const addresses = new PeerAddresses(at('old', 'older'));
  addresses.sightedAt(at('new', 'newer', 'newest'));
  addresses.toldAt(at('told'));
  expect(hosts(addresses)).toEqual(['new', 'old', 'told', 'newer', 'newest', 'older']);
});

test('what worked comes first, until something new is sighted', () => {
  const addresses = new PeerAddresses();
  addresses.sightedAt(at('one', 'two'));
  addresses.reachedAt({ host: 'two', port: 1 });
  expect(hosts(addresses)).toEqual(['two', 'one']);
  addresses.sightedAt([]);
  expect(hosts(addresses)).toEqual(['two', 'one']);
  addresses.sightedAt(at('three'));
  expect(hosts(addresses)).toEqual(['three', 'two']);
  addresses.unsighted();
  expect(addresses.reached).toEqual(at('two'));
  expect(hosts(addresses)).toEqual(['two']);
});

test('what a peer says of itself is kept behind where it was reached; what others tell is not kept', () => {
  const addresses = new PeerAddresses();
  addresses.reachedAt({ host: 'reached', port: 1 });
  addresses.saidAt(at('said', 'reached'));
  addresses.toldAt(at('told'));
  expect(addresses.reached).toEqual(at('reached', 'said'));
});

test('eight are kept in mind, and the same host with another port is another one', () => {
  const addresses = new PeerAddresses();
  for (let n = 0; n < 20; n++) addresses.reachedAt({ host: `h${n}`, port: 1 });
  expect(hosts(addresses)).toEqual(['h19', 'h18', 'h17', 'h16', 'h15', 'h14', 'h13', 'h12']);
  addresses.reachedAt({ host: 'h19', port: 2 });
  expect(addresses.all.slice(0, 2)).toEqual([
    { host: 'h19', port: 2 },
    { host: 'h19', port: 1 },
  ]);
});
