import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { AnnouncementFact, InterfaceFact, MulticastFact } from '../../../shared/diagnosis.ts';
import { reasonOf } from '../../../shared/errors.ts';
import type { NodeId } from '../../../shared/ids.ts';
import { interfaceUses, type Link, LOOPBACK_LINK, type NetworkInterfaces, type Voice } from './mdns-links.ts';
import { readRecords } from './mdns-packet.ts';
import { INSTANCE, instanceOf, SERVICE } from './mdns-records.ts';
import { groupFor, type MulticastGroup, openBonjour } from './mdns-socket.ts';
import { decodeTxt } from './mdns-txt.ts';

/** Milliseconds in which everybody who hears answers, and in which a second question makes up for a lost first one. */
const LISTEN_MS = 2_000;
const ASK_AGAIN_MS = 800;
/** Nodes that are told of; a flood of them is not what a person wants to read. */
const MAX_ANNOUNCEMENTS = 200;

export interface ExaminationOptions {
  /** As of the nodes that are meant. */
  readonly loopbackPort?: number;
  /** Digest of the namespace. */
  readonly namespace: string;
  /** The node of ours that answers too. */
  readonly own?: NodeId;
  readonly interfaces?: () => NetworkInterfaces;
  readonly listenMs?: number;
}

export interface Examined {
  readonly interfaces: readonly InterfaceFact[];
  readonly multicast: readonly MulticastFact[];
  readonly announcements: readonly AnnouncementFact[];
  /** The interface whose network an address is on. */
  linkOf(host: string): string | undefined;
}

/** Asks by multicast on every interface who is there, beside whatever runs on this computer, and listens for a while. */
export async function examineNetwork(options: ExaminationOptions): Promise<Examined> {
  const { loopbackPort, interfaces = networkInterfaces } = options;
  const uses = loopbackPort === undefined ? [...interfaceUses(interfaces())] : [];
  const links =
    loopbackPort === undefined ? uses.flatMap(([, use]) => ('link' in use ? [use.link] : [])) : [LOOPBACK_LINK];
  const heard = new Map<string, AnnouncementFact>();
  const multicast = await Promise.all(
    links.flatMap((link) => link.voices.map((voice) => ask(link, voice, groupFor(loopbackPort), options, heard))),
  );
  const all = interfaces();
  return {
    interfaces: uses.map(([name, use]) => ({
      name,
      addresses: 'link' in use ? use.link.addresses : (all[name] ?? []).map(({ address }) => address),
      ...('unused' in use && { unused: use.unused }),
    })),
    multicast,
    announcements: [...heard.values()],
    linkOf: (host) => links.find((link) => link.hostOfSource(host) !== undefined)?.name,
  };
}

async function ask(
  link: Link,
  voice: Voice,
  group: MulticastGroup,
  { namespace, own, listenMs = LISTEN_MS }: ExaminationOptions,
  heard: Map<string, AnnouncementFact>,
): Promise<MulticastFact> {
  // Nobody else asks for this, so whoever hears it hears us.
  const mark = `im-doctor-${randomBytes(6).toString('hex')}.local`;
  let problem: string | undefined;
  let returned = false;
  let answeredAfterMs: number | undefined;
  const failed = (error: unknown) => {
    problem ??= reasonOf(error);
  };
  try {
    const { mdns } = openBonjour(voice, group, (source) => link.hostOfSource(source) !== undefined, failed);
    const askedAt = performance.now();
    mdns.on('error', failed);
    // Others send what cannot be read; only the system's own errors are ours.
    mdns.on('warning', (error) => error instanceof Error && 'syscall' in error && failed(error));
    mdns.on('query', (packet) => {
      returned ||= asksFor(packet, mark);
    });
    mdns.on('response', (packet, { address, port }) => {
      if (port !== group.port) return;
      const announcements = announcementsIn(packet, address, link, namespace);
      if (announcements.some(({ id }) => id !== own)) answeredAfterMs ??= performance.now() - askedAt;
      for (const each of announcements)
        if (heard.size < MAX_ANNOUNCEMENTS) heard.set(`${each.id} ${each.incarnation} ${each.from}`, each);
    });
    const questions = [SERVICE, mark].map((name) => ({ name, type: 'PTR' as const }));
    const question = () => mdns.query({ questions }, (error) => error && failed(error));
    mdns.on('ready', question);
    await delay(Math.min(ASK_AGAIN_MS, listenMs));
    if (problem === undefined) question();
    await delay(Math.max(0, listenMs - ASK_AGAIN_MS));
    await new Promise<void>((resolve) => mdns.destroy(() => resolve()));
  } catch (thrown) {
    failed(thrown);
  }
  const { family } = voice;
  return {
    link: link.name,
    family,
    returned,
    ...(answeredAfterMs !== undefined && { answeredAfterMs }),
    ...(problem !== undefined && { problem }),
  };
}

function asksFor(packet: unknown, name: string): boolean {
  const questions: unknown =
    typeof packet === 'object' && packet !== null ? Reflect.get(packet, 'questions') : undefined;
  return (
    Array.isArray(questions) &&
    questions.some((each: unknown) => typeof each === 'object' && each !== null && Reflect.get(each, 'name') === name)
  );
}

function announcementsIn(packet: unknown, from: string, link: Link, namespace: string): AnnouncementFact[] {
  const records = readRecords(packet);
  return records.flatMap((record) => {
    if (record.type !== 'TXT' || record.ttl === 0 || !INSTANCE.test(record.name)) return [];
    const txt = decodeTxt(record.strings);
    if (!txt || instanceOf(txt.node) !== record.name) return [];
    const port = records.flatMap((other) =>
      other.type === 'SRV' && other.name === record.name ? [other.port] : [],
    )[0];
    const { node: id, name = '', incarnation, protocol } = txt;
    const isOurs = txt.namespace === namespace;
    return [{ id, name, incarnation, protocol, isOurs, from, link: link.name, ...(port !== undefined && { port }) }];
  });
}
