import type { AnnouncementFact, Facts, MulticastFact, PeerFact } from '../../shared/diagnosis.ts';
import { idOf } from './world.ts';

export const NODE = { id: idOf('a'), name: 'kitchen', port: 4_000, incarnation: 7, isOpen: false };

/** A node on a healthy network, alone on it but for what is told otherwise. */
export const factsOf = (changes: Partial<Facts> = {}): Facts => ({
  platform: 'linux',
  versions: { intermachine: '0.1.0', protocol: 1, node: '24.21.0', nodeApi: 10, sqlite: '3.54.1' },
  node: NODE,
  isLoopback: false,
  isContainer: false,
  advertises: false,
  interfaces: [{ name: 'eth0', addresses: ['192.168.1.5'] }],
  multicast: [multicastOf()],
  announcements: [announcementOf()],
  peers: [peerOf()],
  firewalls: [],
  ...changes,
});

export const multicastOf = (changes: Partial<MulticastFact> = {}): MulticastFact => ({
  link: 'eth0',
  family: 'IPv4',
  returned: true,
  answeredAfterMs: 4,
  ...changes,
});

export const announcementOf = (changes: Partial<AnnouncementFact> = {}): AnnouncementFact => ({
  id: idOf('b'),
  name: 'garden',
  incarnation: 3,
  protocol: 1,
  isOurs: true,
  from: '192.168.1.6',
  link: 'eth0',
  port: 4_001,
  ...changes,
});

export const peerOf = (changes: Partial<PeerFact> = {}): PeerFact => ({
  id: idOf('b'),
  name: 'garden',
  state: 'alive',
  isUnstable: false,
  isHeard: true,
  roundTripMs: 1.2,
  endpoints: [{ host: '192.168.1.6', port: 4_001, link: 'eth0' }],
  ...changes,
});
