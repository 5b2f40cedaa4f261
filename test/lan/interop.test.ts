import { type ChildProcess, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { JsonProcess } from '../support/cli.ts';
import { eventually, nodeOf } from '../support/discovery.ts';
import { createLan, type Lan, type LanHost, lanUnavailable } from '../support/lan.ts';
import { HostNode } from './host-node.ts';

const noLan = lanUnavailable();
/** The system's own: Debian's package is for it and no other. */
const PYTHON = '/usr/bin/python3';
const noZeroconf =
  spawnSync(PYTHON, ['-c', 'import zeroconf']).status === 0 ? undefined : 'python3-zeroconf is not installed';
const RESOLVED = '/lib/systemd/systemd-resolved';
/** It becomes another user, whom only the real root has. */
const isRealRoot = () => /^\s*0\s+0\s+4294967295/.test(readFileSync('/proc/self/uid_map', 'utf8'));
const noResolved = !existsSync(RESOLVED)
  ? 'systemd-resolved is not installed'
  : isRealRoot()
    ? undefined
    : 'systemd-resolved runs as a user that only root has';
const because = (reason: string | undefined) => (reason ? ` (skipped: ${reason})` : '');

describe.skipIf(noLan)(`other programs that speak mDNS${because(noLan)}`, () => {
  let lan: Lan;
  let one: LanHost;
  let two: LanHost;
  let directory: string;

  beforeEach(() => {
    lan = createLan(2);
    [one, two] = lan.hosts as [LanHost, LanHost];
    directory = mkdtempSync(join(tmpdir(), 'intermachine-interop-'));
  });
  afterEach(async () => {
    await lan.down();
    rmSync(directory, { recursive: true, force: true });
  });

  describe.skipIf(noZeroconf)(`python-zeroconf${because(noZeroconf)}`, () => {
    const python = (...args: readonly string[]): JsonProcess =>
      new JsonProcess(
        one.spawn(PYTHON, [join(import.meta.dirname, 'neighbour.py'), ...args], { stdio: ['pipe', 'pipe', 'pipe'] }),
      );

    test('shows a node with its types, and that it goes', async () => {
      const browser = python('browse');
      const node = await new HostNode(two, 'two', { types: ['PingService', 'Pong'], port: 4_711 }).start();
      const added = await browser.line(({ event }) => event === 'added');
      expect(added).toMatchObject({
        name: 'im-twoaaaaaaaaa._intermachine._tcp.local.',
        server: 'im-twoaaaaaaaaa.local.',
        port: 4_711,
        addresses: expect.arrayContaining(['10.77.0.2', 'fd77::2']),
        properties: { id: node.self.node, t: 'PingService,Pong', v: '1' },
      });
      node.tell({ type: 'stop' });
      await browser.line(({ event, name }) => event === 'removed' && name === added.name);
    });

    test('publishes what we take for a node, and its goodbye', async () => {
      const node = await new HostNode(two, 'two').start();
      const id = nodeOf('python');
      const properties = { v: '1', id, name: 'snake', inc: '7', rev: '0', ns: node.self.namespace, t: 'Snake' };
      const instance = `im-${id.slice(0, 12)}`;
      const publisher = python(
        'publish',
        JSON.stringify({ instance, port: 4_712, addresses: [one.address], properties }),
      );
      const { sighting } = await node.first('seen', (report) => report.sighting.node === id);
      expect(sighting).toMatchObject({ name: 'snake', incarnation: 7, types: ['Snake'] });
      expect(sighting.endpoints).toContainEqual({ host: one.address, port: 4_712 });
      publisher.child.stdin?.end();
      await node.first('gone', (report) => report.node === id);
      expect(node.running).toBe(true);
      expect(node.reports.filter((report) => report.type === 'problem')).toEqual([]);
    });

    test('publishes under our type what is no node of ours, and nobody minds', async () => {
      const nodes = await Promise.all([new HostNode(two, 'two').start(), new HostNode(one, 'one').start()]);
      const [node, other] = nodes as [HostNode, HostNode];
      const strange = { instance: 'strange <b>', port: 9, addresses: [one.address], properties: { id: 'x', v: '99' } };
      await python('publish', JSON.stringify(strange)).line(({ event }) => event === 'ready');
      await Promise.all([node.sees(other), other.sees(node)]);
      for (const each of nodes) {
        expect(each.running).toBe(true);
        expect(each.reports.filter((report) => report.type === 'problem' || report.type === 'gone')).toEqual([]);
      }
    });
  });

  describe.skipIf(noResolved)(`systemd-resolved${because(noResolved)}`, () => {
    test('resolves a node of another host, with its types', async () => {
      // One of its own, with a private bus and a private /run. It gives its rights up, so others than root must reach the bus.
      chmodSync(directory, 0o755);
      const bus = join(directory, 'bus');
      writeFileSync(
        join(directory, 'bus.conf'),
        `<busconfig><type>session</type><listen>unix:path=${bus}</listen><auth>EXTERNAL</auth>
         <policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/></policy></busconfig>`,
      );
      let said = '';
      const keep = (child: ChildProcess) => child.stderr?.on('data', (text) => (said += text));
      keep(one.spawn('dbus-daemon', [`--config-file=${directory}/bus.conf`, '--nofork', '--nopidfile']));
      await eventually('the bus', () => existsSync(bus));
      const environment = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${bus}` };
      keep(
        one.spawn(
          'unshare',
          ['--mount', 'sh', '-c', `mount -t tmpfs tmpfs /run && mkdir /run/systemd && exec ${RESOLVED}`],
          {
            env: { ...process.env, ...environment },
          },
        ),
      );
      const asked = (...args: readonly string[]) => {
        const { status, stdout, stderr } = spawnSync('ip', ['netns', 'exec', one.namespace, 'resolvectl', ...args], {
          encoding: 'utf8',
          timeout: 20_000,
          env: { ...process.env, ...environment },
        });
        said += stderr;
        return status === 0 ? stdout : undefined;
      };
      try {
        await eventually('resolved', () => asked('mdns', 'eth0', 'yes') !== undefined, 20_000);
        const node = await new HostNode(two, 'two', { types: ['PingService', 'Pong'], port: 4_711 }).start();
        const answer = await eventually(
          'the service in resolved',
          () => asked('service', 'im-twoaaaaaaaaa', '_intermachine._tcp', 'local'),
          40_000,
        );
        expect(answer).toContain('im-twoaaaaaaaaa.local:4711');
        expect(answer).toContain('10.77.0.2');
        expect(answer).toContain('t=PingService,Pong');
        expect(node.running).toBe(true);
      } catch (thrown) {
        throw new Error(`${String(thrown)}\n${said}`, { cause: thrown });
      }
    });
  });
});
