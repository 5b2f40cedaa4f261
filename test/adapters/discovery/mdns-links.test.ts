import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import { interfaceUses, LOOPBACK_LINK, linksOf } from '../../../main/adapters/discovery/mdns-links.ts';

const ipv4 = (cidr: string, changes: Partial<NetworkInterfaceInfo> = {}): NetworkInterfaceInfo =>
  ({
    address: cidr.split('/')[0] ?? '',
    netmask: '',
    mac: '02:00:00:00:00:01',
    internal: false,
    family: 'IPv4',
    cidr,
    ...changes,
  }) as NetworkInterfaceInfo;
const ipv6 = (cidr: string): NetworkInterfaceInfo =>
  ({ ...ipv4(cidr), family: 'IPv6', scopeid: 2 }) as NetworkInterfaceInfo;

const tunnel = { mac: '00:00:00:00:00:00' };

describe('The links of a host', () => {
  const interfaces = {
    lo: [ipv4('127.0.0.1/8', { internal: true })],
    eth0: [ipv4('192.168.1.5/24'), ipv4('10.0.0.5/8'), ipv6('fe80::5/64')],
    wlan0: [ipv4('192.168.1.6/24')],
    six: [ipv6('fe80::6/64'), ipv6('fd00::1/64')],
    bare: [ipv6('fe80::7/64')],
    deaf: [ipv6('fd00::1/64')],
    tunnel: [ipv4('10.9.0.1/24', tunnel)],
    single: [ipv4('100.64.0.1/32')],
    nothing: undefined,
    empty: [],
  };

  test('are its interfaces with a network, each with a voice in every family that carries multicast', () => {
    const links = linksOf(interfaces);
    expect(links.map(({ name, voices }) => [name, voices.map(({ at }) => at)])).toEqual([
      ['eth0', ['192.168.1.5', '::%eth0']],
      ['wlan0', ['192.168.1.6']],
      ['six', ['::%six']],
      ['bare', ['::%bare']],
    ]);
    expect(links.map(({ addresses }) => addresses)).toEqual([
      ['192.168.1.5', '10.0.0.5'],
      ['192.168.1.6'],
      ['fd00::1'],
      ['fe80::7'],
    ]);
  });

  test('leave the others out for a reason', () => {
    const unused = [...interfaceUses(interfaces)].flatMap(([name, use]) =>
      'unused' in use ? [[name, use.unused]] : [],
    );
    expect(unused).toEqual([
      ['deaf', 'has an address, but no network with room for others'],
      ['tunnel', 'is a tunnel, which carries no multicast'],
      ['single', 'has an address, but no network with room for others'],
    ]);
  });

  test('are none on a host without a network', () => {
    expect(linksOf({})).toEqual([]);
  });

  test('have another key as soon as an address or the card changes', () => {
    const key = (...infos: NetworkInterfaceInfo[]) => linksOf({ eth0: infos })[0]?.key;
    const before = key(ipv4('192.168.1.5/24'));
    expect(key(ipv4('192.168.1.5/24'))).toBe(before);
    expect(key(ipv4('192.168.1.6/24'))).not.toBe(before);
    expect(key(ipv4('192.168.1.5/16'))).not.toBe(before);
    expect(key(ipv4('192.168.1.5/24'), ipv6('fd00::1/64'))).not.toBe(before);
    expect(key(ipv4('192.168.1.5/24', { mac: '02:00:00:00:00:02' }))).not.toBe(before);
  });

  test('announce no link-local IPv6 address, and at most two others', () => {
    const [link] = linksOf({
      eth0: [ipv4('192.168.1.5/24'), ipv6('fe80::1/64'), ipv6('fd00::1/64'), ipv6('fd00::2/64'), ipv6('fd00::3/64')],
    });
    expect(link?.addresses).toEqual(['192.168.1.5', 'fd00::1', 'fd00::2']);
  });
});

describe('A link', () => {
  const [link] = linksOf({ eth0: [ipv4('192.168.1.5/24'), ipv6('fd00:1::5/64'), ipv6('fe80::5/64')] });

  test.each([
    ['192.168.1.77', '192.168.1.77'],
    ['192.168.1.5', '192.168.1.5'],
    ['fd00:1::77', 'fd00:1::77'],
    ['fe80::77', 'fe80::77%eth0'],
    ['192.168.2.77', undefined],
    ['8.8.8.8', undefined],
    ['127.0.0.1', undefined],
    ['0.0.0.0', undefined],
    ['224.0.0.251', undefined],
    ['239.255.77.1', undefined],
    ['255.255.255.255', undefined],
    ['::', undefined],
    ['::1', undefined],
    ['ff02::fb', undefined],
    ['fd00:2::77', undefined],
    ['fe80::77%eth9', undefined],
    ['::ffff:192.168.1.77', undefined],
    ['kitchen.local', undefined],
    ['', undefined],
  ])('to %s dials %s', (address, host) => {
    expect(link?.hostOf(address)).toBe(host);
  });

  test.each([
    ['192.168.1.77', '192.168.1.77'],
    ['fd00:1::77', 'fd00:1::77'],
    ['fe80::77%eth0', 'fe80::77%eth0'],
    ['fe80::77%eth9', undefined],
    ['fe80::77%eth0%eth0', undefined],
    ['fd00:1::77%eth0', undefined],
    ['192.168.2.77', undefined],
    ['%eth0', undefined],
  ])('that hears a packet from %s dials %s', (source, host) => {
    expect(link?.hostOfSource(source)).toBe(host);
  });

  test('without a link-local address of its own knows no zone', () => {
    const [without] = linksOf({ eth0: [ipv4('192.168.1.5/24')] });
    expect(without?.hostOf('fe80::77')).toBeUndefined();
  });

  test('that is the loopback knows only loopback addresses', () => {
    expect(LOOPBACK_LINK.hostOf('127.0.0.1')).toBe('127.0.0.1');
    expect(LOOPBACK_LINK.hostOf('192.168.1.5')).toBeUndefined();
    expect(LOOPBACK_LINK.addresses).toEqual(['127.0.0.1']);
  });
});
