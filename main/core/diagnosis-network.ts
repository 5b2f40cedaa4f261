import type { Facts, Finding, FirewallFact, MulticastFact } from '../../shared/diagnosis.ts';

/** UDP, of mDNS. */
const MDNS_PORT = 5353;

/** What can be wrong between this computer and the wire: interfaces, multicast, firewalls. */
export function networkFindings(facts: Facts): Finding[] {
  return [
    ...interfaces(facts),
    ...facts.multicast.flatMap((trip) => [...multicast(trip, facts)]),
    ...loneliness(facts),
    ...firewalls(facts),
  ];
}

function* interfaces({ interfaces: all, isLoopback }: Facts): Iterable<Finding> {
  const used = all.filter(({ unused }) => unused === undefined);
  if (used.length === 0 && !isLoopback)
    yield {
      id: 'no-network',
      severity: 'error',
      text: 'No network interface can be used: nobody is found.',
      cure: 'Connect a network. Where there is only a tunnel (VPN), name peers by their address with --peer.',
    };
  for (const { name, addresses } of used)
    yield { id: 'interface', severity: 'ok', text: `${name} is used, with ${addresses.join(', ')}.` };
  for (const { name, unused } of all)
    if (unused !== undefined && !isLoopback)
      yield { id: 'interface-unused', severity: 'hint', text: `${name} is not used: it ${unused}.` };
}

function* multicast(
  { link, family, returned, problem, answeredAfterMs }: MulticastFact,
  facts: Facts,
): Iterable<Finding> {
  const where = `${link} (${family})`;
  if (problem !== undefined)
    yield {
      id: 'multicast-failed',
      severity: 'error',
      text: `Multicast does not work on ${where}: ${problem}.`,
      cure: cureForMulticast(problem, facts),
    };
  else if (!returned)
    yield {
      id: 'multicast-silent',
      severity: 'warning',
      text: `A question by multicast on ${where} was not even heard on this computer.`,
      cure: cureForMulticast('', facts),
    };
  else if (answeredAfterMs !== undefined)
    yield {
      id: 'multicast',
      severity: 'ok',
      text: `Multicast works on ${where}: the first node answered after ${Math.max(1, Math.round(answeredAfterMs))} ms.`,
    };
}

function cureForMulticast(problem: string, { platform }: Facts): string {
  if (problem.includes('EADDRINUSE'))
    return `Another program holds UDP port ${MDNS_PORT} for itself: find it (${platform === 'win32' ? `netstat -abno -p UDP | findstr ${MDNS_PORT}` : `sudo lsof -nP -iUDP:${MDNS_PORT}`}) and stop it, or name peers with --peer.`;
  if (platform === 'darwin')
    return 'Let the program into the local network: System Settings, Privacy & Security, Local Network. Then start it again.';
  return `A firewall or a sandbox on this computer is in the way: let UDP port ${MDNS_PORT} through, to 224.0.0.251 and ff02::fb, or name peers with --peer.`;
}

/** Nobody answered at all, and nobody is connected by another way. */
function* loneliness({ announcements, peers, multicast: trips, isLoopback, platform }: Facts): Iterable<Finding> {
  const others = announcements.filter(({ isOurs }) => !isOurs);
  if (others.length > 0)
    yield {
      id: 'other-namespace',
      severity: 'hint',
      text: `${counted(new Set(others.map(({ id }) => id)).size, 'node')} of another namespace ${others.length === 1 ? 'is' : 'are'} heard, and left alone.`,
      cure: 'Start the nodes that shall work together with the same --namespace.',
    };
  const works = trips.some(({ returned, problem }) => returned && problem === undefined);
  const isAlone = announcements.length === others.length && !peers.some(({ state }) => state === 'alive');
  if (!works || !isAlone) return;
  yield {
    id: 'nobody-heard',
    severity: 'warning',
    text: isLoopback
      ? 'No other node on this computer answered.'
      : 'No other node answered, though multicast leaves this computer.',
    cure: isLoopback
      ? 'Start one with the same --loopback port.'
      : `Is one running on the same network, with the same --namespace? Then something between filters multicast: a firewall there (UDP port ${MDNS_PORT}), an access point that isolates its clients, or a VLAN.${
          platform === 'darwin' ? ' On a Mac, also its permission for the local network.' : ''
        } Name one with --peer, and it tells of the others.`,
  };
}

function* firewalls(facts: Facts): Iterable<Finding> {
  const isTrouble =
    facts.peers.some(({ state, isHeard }) => state !== 'alive' || !isHeard) || facts.announcements.length === 0;
  for (const { name, isActive } of facts.firewalls) {
    if (!isActive || facts.isLoopback) continue;
    yield {
      id: 'firewall',
      severity: isTrouble ? 'warning' : 'hint',
      text: `${subjectOf(name)} is active${isTrouble ? ', and may be what keeps others out' : ''}.`,
      cure: cureFor(name, facts),
    };
  }
}

function cureFor(name: FirewallFact['name'], { node, wantedPort }: Facts): string {
  const port = node?.port ?? wantedPort?.port;
  // A port that is another one at each start cannot be written into a firewall.
  const fixed = port === undefined ? 'Choose a fixed --port P. ' : '';
  const tcp = port ?? 'P';
  switch (name) {
    case 'ufw':
      return `${fixed}sudo ufw allow ${MDNS_PORT}/udp; sudo ufw allow ${tcp}/tcp`;
    case 'firewalld':
      return `${fixed}sudo firewall-cmd --permanent --add-service=mdns --add-port=${tcp}/tcp; sudo firewall-cmd --reload`;
    case 'Windows Defender Firewall':
      return `${fixed}As administrator: netsh advfirewall firewall add rule name="InterMachine" dir=in action=allow protocol=TCP localport=${tcp}; the same with protocol=UDP localport=${MDNS_PORT}. Networks that Windows calls public need it too.`;
    case 'the firewall of macOS':
      return 'System Settings, Network, Firewall, Options: allow incoming connections for the program (Node or InterMachine).';
  }
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
const subjectOf = (name: FirewallFact['name']): string => {
  if (name === 'the firewall of macOS') return 'The firewall of macOS';
  return name === 'Windows Defender Firewall' ? name : `The firewall ${name}`;
};
