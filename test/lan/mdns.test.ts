import type { ChildProcess } from 'node:child_process';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { subtypeOf } from '../../main/adapters/discovery/mdns-records.ts';
import { eventually } from '../support/discovery.ts';
import { expectWithin } from '../support/figures.ts';
import { createLan, type Lan, type LanHost, lanUnavailable } from '../support/lan.ts';
import { HostNode } from './host-node.ts';

const noLan = lanUnavailable();
const noAvahi = ['avahi-daemon', 'avahi-browse', 'avahi-publish', 'dbus-daemon', 'dbus-send'].find(
  (command) => spawnSync('which', [command]).status !== 0,
);

describe.skipIf(noLan !== undefined)(`mDNS between hosts${noLan ? ` (skipped: ${noLan})` : ''}`, () => {
  let lan: Lan;
  let one: LanHost;
  let two: LanHost;
  let three: LanHost;

  beforeEach(() => {
    lan = createLan(3);
    [one, two, three] = lan.hosts as [LanHost, LanHost, LanHost];
  });

  afterEach(() => lan.down());

  test('three nodes see each other within 500 ms, at their addresses', async () => {
    const nodes = [new HostNode(one, 'one'), new HostNode(two, 'two'), new HostNode(three, 'three')];
    await Promise.all(nodes.map((node) => node.start()));
    const figures: number[] = [];
    for (const node of nodes) {
      for (const other of nodes.filter((each) => each !== node)) {
        const { at, sighting } = await node.sees(other);
        const begun = Math.max((await node.first('starting')).at, (await other.first('starting')).at);
        figures.push(at - begun);
        const at4 = `10.77.0.${nodes.indexOf(other) + 1}`;
        const at6 = `fd77::${nodes.indexOf(other) + 1}`;
        const hosts = sighting.endpoints.map((endpoint) => endpoint.host);
        expect(hosts.slice(0, 2)).toEqual([at4, at6]);
        // Where its IPv6 packets came from is known as soon as the first of them is heard.
        for (const host of hosts.slice(2)) expect(host).toMatch(/^fe80::[\da-f:]+%eth0$/);
      }
    }
    expectWithin('start → visible', figures, 500);
    expect(nodes.flatMap((node) => node.reports.filter((report) => report.type === 'problem'))).toEqual([]);
  });

  test('hosts without IPv4 see each other by IPv6, with a network and without one', async () => {
    for (const host of [one, two, three]) host.run('ip', ['-4', 'address', 'flush', 'dev', 'eth0']);
    two.run('ip', ['-6', 'address', 'flush', 'dev', 'eth0', 'scope', 'global']);
    const nodes = [new HostNode(one, 'one'), new HostNode(two, 'two'), new HostNode(three, 'three')];
    await Promise.all(nodes.map((node) => node.start()));
    const [first, second, third] = nodes as [HostNode, HostNode, HostNode];
    const hostsOf = async (node: HostNode, other: HostNode) =>
      (await node.sees(other)).sighting.endpoints.map(({ host }) => host);
    expect(await hostsOf(first, third)).toEqual(['fd77::3', expect.stringMatching(/^fe80::.*%eth0$/)]);
    expect(await hostsOf(first, second)).toEqual([expect.stringMatching(/^fe80::.*%eth0$/)]);
    await second.sees(third);
    expect(nodes.flatMap((node) => node.reports.filter((report) => report.type === 'problem'))).toEqual([]);
  });

  test('a change of the types is seen within 300 ms', async () => {
    const [first, second] = await Promise.all([new HostNode(one, 'one').start(), new HostNode(two, 'two').start()]);
    await second.sees(first);
    first.tell({ type: 'announce', self: { ...first.self, types: ['New'], revision: 1 } });
    const { at } = await second.first('seen', (report) => report.sighting.types?.includes('New') === true);
    expectWithin('types change → seen', [at - (await first.first('announcing')).at], 300);
  });

  test('a goodbye is seen within 300 ms', async () => {
    const [first, second] = await Promise.all([new HostNode(one, 'one').start(), new HostNode(two, 'two').start()]);
    await second.sees(first);
    first.tell({ type: 'stop' });
    const gone = await second.first('gone');
    expect(gone).toMatchObject({ node: first.self.node, reason: 'goodbye' });
    const stoppingAt = (await first.first('stopping')).at;
    expectWithin(
      'goodbye → gone, stopped',
      [gone.at - stoppingAt, (await first.first('stopped')).at - stoppingAt],
      300,
    );
  });

  test('a node that was killed and starts again is seen with its new incarnation', async () => {
    const watcher = await new HostNode(one, 'one').start();
    const before = await new HostNode(two, 'two', { incarnation: 1 }).start();
    await watcher.sees(before);
    before.kill();
    const after = await new HostNode(two, 'two', { incarnation: 2 }).start();
    await watcher.first('seen', (report) => report.sighting.incarnation === 2);
    await after.sees(watcher);
    expect(watcher.reports.filter((report) => report.type === 'gone' || report.type === 'problem')).toEqual([]);
  });

  test('two nodes on one host see each other, and are seen from another host', async () => {
    const nodes = await Promise.all([
      new HostNode(one, 'one', { port: 4_001 }).start(),
      new HostNode(one, 'two', { port: 4_002 }).start(),
      new HostNode(two, 'three').start(),
    ]);
    for (const node of nodes)
      for (const other of nodes.filter((each) => each !== node)) {
        const { sighting } = await node.sees(other);
        expect(sighting.endpoints[0]?.port).toBe(other.self.port);
      }
  });

  test('a node without a network says so once, and is there as soon as the network is', async () => {
    three.link('down');
    const watcher = await new HostNode(one, 'one').start();
    const late = await new HostNode(three, 'three').start();
    expect((await late.first('problem')).message).toContain('No network interface');
    three.link('up');
    await Promise.all([late.sees(watcher), watcher.sees(late)]);
    const problems = late.reports.filter((report) => report.type === 'problem');
    expect(problems).toHaveLength(2);
    expect(problems[1]?.message).toContain('eth0 (10.77.0.3)');
  });

  test('a cable that was pulled and put back: who comes meanwhile is seen after it', async () => {
    const watcher = await new HostNode(one, 'one').start();
    one.cable('down');
    await watcher.first('problem', (report) => report.message.includes('No network interface'));
    const meanwhile = await new HostNode(two, 'two').start();
    one.cable('up');
    await Promise.all([watcher.sees(meanwhile), meanwhile.sees(watcher)]);
  });

  describe.skipIf(noAvahi !== undefined)(`beside avahi${noAvahi ? ` (skipped: ${noAvahi} is missing)` : ''}`, () => {
    let directory: string;
    let bus: NodeJS.ProcessEnv;
    let log: string;

    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'im-avahi-'));
      bus = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${directory}/bus` };
      writeFileSync(
        join(directory, 'bus.conf'),
        `<busconfig><type>session</type><listen>unix:path=${directory}/bus</listen><auth>EXTERNAL</auth>
         <policy context="default"><allow own="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/></policy></busconfig>`,
      );
      writeFileSync(
        join(directory, 'avahi.conf'),
        '[server]\nhost-name=avahi-host\nuse-ipv6=no\nallow-interfaces=eth0\n[publish]\npublish-workstation=no\n',
      );
    });

    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    /** An avahi of its own on `host`, with a private bus and a private /run. */
    async function startAvahi(host: LanHost): Promise<void> {
      rmSync(join(directory, 'bus'), { force: true });
      log = '';
      const keep = (child: ChildProcess) => {
        for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (log += chunk));
      };
      keep(host.spawn('dbus-daemon', [`--config-file=${directory}/bus.conf`, '--nofork', '--nopidfile']));
      await eventually('the bus', () => spawnSync('test', ['-S', join(directory, 'bus')]).status === 0);
      const avahi = `avahi-daemon --no-chroot --no-rlimits --no-drop-root --file ${directory}/avahi.conf`;
      // It gives its directory to its own user, which who is root in a namespace of users only has by another name.
      const isRoot = (file: string, ids: string) =>
        `sed 's/^avahi:[^:]*:${ids}:/avahi:x:${ids.replaceAll('[0-9]*', '0')}:/' /etc/${file} > /run/${file} && mount --bind /run/${file} /etc/${file}`;
      const users = `${isRoot('passwd', '[0-9]*:[0-9]*')} && ${isRoot('group', '[0-9]*')}`;
      const script = `mount -t tmpfs tmpfs /run && mkdir /run/avahi-daemon && ${users} && exec ${avahi}`;
      keep(host.spawn('unshare', ['--mount', 'sh', '-c', script], { env: { ...process.env, ...bus } }));
      await eventually(
        'avahi',
        () => {
          if (/avahi-daemon .* exiting/.test(log)) throw new Error(`avahi does not start: ${log}`);
          return log.includes('startup complete');
        },
        15_000,
      );
    }

    const browse = (host: LanHost, type: string) => host.run('avahi-browse', ['-rtp', type], bus);

    test('avahi shows a node of another host, with its types, and by a sub-type', async () => {
      await startAvahi(one);
      const node = await new HostNode(two, 'two', { types: ['PingService', 'Pong'], port: 4_711 }).start();
      const line = await eventually('the service in avahi', () =>
        browse(one, '_intermachine._tcp')
          .split('\n')
          .find((each) => each.startsWith('=;')),
      );
      const fields = line.split(';');
      expect(fields.slice(1, 9)).toEqual([
        'eth0',
        'IPv4',
        'im-twoaaaaaaaaa',
        '_intermachine._tcp',
        'local',
        'im-twoaaaaaaaaa.local',
        expect.stringMatching(/^10\.77\.0\.2$|^fd77::2$/),
        '4711',
      ]);
      expect(line).toContain('"t=PingService,Pong"');
      expect(line).toContain(`"id=${node.self.node}"`);
      await eventually('the sub-type in avahi', () =>
        browse(one, `_${subtypeOf('Pong').slice(1)}._sub._intermachine._tcp`).includes('im-twoaaaaaaaaa'),
      );
      node.tell({ type: 'stop' });
      await eventually('nothing in avahi', () => !browse(one, '_intermachine._tcp').includes('im-two'));
    });

    test('avahi on the same host keeps its name, and shows the node', async () => {
      await startAvahi(one);
      await new HostNode(one, 'one').start();
      await eventually('the service in avahi', () => browse(one, '_intermachine._tcp').includes('t=PingService'));
      const name = one.run(
        'dbus-send',
        ['--system', '--print-reply', '--dest=org.freedesktop.Avahi', '/', 'org.freedesktop.Avahi.Server.GetHostName'],
        bus,
      );
      expect(name).toContain('"avahi-host"');
      expect(log).not.toMatch(/conflict/i);
    });

    test('a service of our kind that avahi publishes for somebody else disturbs nobody', async () => {
      await startAvahi(one);
      const publisher = one.spawn('avahi-publish', ['-s', 'A <b>strange</b> one', '_intermachine._tcp', '9', 'x=y'], {
        env: { ...process.env, ...bus },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let said = '';
      publisher.stderr?.on('data', (chunk) => (said += chunk));
      await eventually('the publication', () => said.includes('Established'));
      const [first, second] = await Promise.all([
        new HostNode(two, 'two').start(),
        new HostNode(three, 'three').start(),
      ]);
      await Promise.all([first.sees(second), second.sees(first)]);
      expect(first.running && second.running).toBe(true);
      const strangers = first.reports.filter((report) => report.type === 'problem' || report.type === 'gone');
      expect(strangers).toEqual([]);
      const seen = first.reports.flatMap((report) => (report.type === 'seen' ? [report.sighting.node] : []));
      expect(new Set(seen)).toEqual(new Set([second.self.node]));
    });
  });
});
