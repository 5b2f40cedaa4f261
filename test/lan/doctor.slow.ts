import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Diagnosis, Finding } from '../../shared/diagnosis.ts';
import { JsonProcess } from '../support/cli.ts';
import { createLan, deafTo, type Lan, type LanHost, lanUnavailable } from '../support/lan.ts';
import { programFile } from '../support/programs.ts';

const noLan = lanUnavailable() ?? (spawnSync('nft', ['-v']).error && 'the command "nft" (nftables) is missing');

describe.skipIf(noLan)(`a doctor on a LAN${noLan ? ` (skipped: ${noLan})` : ''}`, () => {
  let lan: Lan;
  let here: LanHost;
  let there: LanHost;
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'intermachine-doctor-'));
    lan = createLan(2);
    [here, there] = lan.hosts as [LanHost, LanHost];
  });
  afterEach(async () => {
    await lan.down();
    await rm(directory, { recursive: true, force: true });
  });

  /** Each host is a computer of its own, all with the key of one network. */
  const homeOf = (host: LanHost) => join(directory, host.port);
  const environment = (host: LanHost) => ({
    ...process.env,
    INTERMACHINE_HOME: homeOf(host),
    INTERMACHINE_NETWORK_KEY: 'abcdefghijklmnopqrstuvwxya',
    NO_COLOR: '1',
  });
  const run = (host: LanHost, ...args: readonly string[]) =>
    host.spawn(process.execPath, [programFile('intermachine'), ...args], {
      env: environment(host),
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  async function node(host: LanHost, name: string): Promise<JsonProcess> {
    const started = new JsonProcess(run(host, 'run', '--json', '--name', name));
    await started.line(({ event }) => event === 'ready');
    return started;
  }

  const became = (one: JsonProcess, other: string, state: string) =>
    one.line(({ event, name, state: now }) => event === 'peer' && name === other && now === state);

  /** What the doctor says on this host, worst first, and its exit code. */
  async function ask(host: LanHost): Promise<{ code: number | null; findings: readonly Finding[] }> {
    const child = run(host, 'doctor', '--json');
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    if (!child.stdout || !child.stderr) throw new Error('its output must be piped');
    const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    if (output === '') throw new Error(errors);
    const { findings } = JSON.parse(output) as Diagnosis;
    // The tests themselves may run in a container, of which a doctor warns.
    return { code, findings: findings.filter(({ id }) => id !== 'container') };
  }

  test('a node that is heard, and whose computer swallows connections, is an error with its cure, beside a node and without one', async () => {
    lan.drop('meta l4proto tcp');
    await node(there, 'kitchen');
    const wanted = {
      id: 'peer-unreachable',
      severity: 'error',
      text: expect.stringMatching(/^"kitchen" .* is heard, and cannot be connected: .*no answer within 3 s/),
      cure: expect.stringContaining('let its TCP port through the firewall there'),
    };
    const without = await ask(here);
    expect([without.code, without.findings[0]]).toEqual([21, wanted]);
    await node(here, 'garden');
    const beside = await ask(here);
    expect([beside.code, beside.findings[0]]).toEqual([21, wanted]);
    // As soon as it is let through, all is well.
    lan.drop();
    const after = await ask(there);
    expect(after.findings.filter(({ severity }) => severity === 'error' || severity === 'warning')).toEqual([]);
  });

  test('a host that hears no multicast is told what may filter it, although its node is connected', async () => {
    lan.drop(...deafTo(here));
    const garden = await node(here, 'garden');
    await node(there, 'kitchen');
    await became(garden, 'kitchen', 'alive');
    const { code, findings } = await ask(here);
    expect([code, findings[0]]).toEqual([
      20,
      {
        id: 'multicast-filtered',
        severity: 'warning',
        text: expect.stringMatching(
          /^"kitchen" .* is connected on this network, but its answer by multicast is not heard/,
        ),
        cure: expect.stringContaining('isolation of clients at the access point'),
      },
    ]);
  });

  test('two nodes with one id are an error, on their own computers', async () => {
    const original = await node(here, 'garden');
    await original.end();
    await cp(homeOf(here), homeOf(there), { recursive: true });
    await node(here, 'garden');
    await node(there, 'garden');
    for (const [host, other] of [
      [here, there],
      [there, here],
    ] as const) {
      const { code, findings } = await ask(host);
      expect([code, findings[0]]).toEqual([
        21,
        {
          id: 'identity-copied',
          severity: 'error',
          text: expect.stringContaining('Another node with the id of this one answers from'),
          cure: expect.stringContaining('--data-dir'),
        },
      ]);
      expect(findings[0]?.text).toMatch(new RegExp(`${other.address}|fe80|fd77`));
    }
  });

  test('a computer without a network is told that, with its node and without one', async () => {
    here.link('down');
    const wanted = {
      id: 'no-network',
      severity: 'error',
      text: 'No network interface can be used: nobody is found.',
      cure: expect.stringMatching(/^Connect a network\./),
    };
    const without = await ask(here);
    expect([without.code, without.findings[0]]).toEqual([21, wanted]);
    await node(here, 'garden');
    const beside = await ask(here);
    expect([beside.code, beside.findings[0]]).toEqual([21, wanted]);
  });
});
