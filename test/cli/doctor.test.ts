import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Diagnosis } from '../../shared/diagnosis.ts';
import { CliPlace } from '../support/cli.ts';

let place: CliPlace;
beforeEach(async () => {
  place = await CliPlace.make();
});
afterEach(() => place.clear());

const isReady = ({ event }: { readonly event: string }) => event === 'ready';

async function doctor(...args: readonly string[]): Promise<{ code: unknown; diagnosis: Diagnosis; errors: string }> {
  const { code, output, errors } = await place.ask('doctor', '--json', ...args);
  return { code, diagnosis: JSON.parse(output || 'null') as Diagnosis, errors };
}
const idsOf = ({ findings }: Diagnosis) => findings.map(({ id }) => id);

test('beside a running node it is that node which looks, at its peers too', async () => {
  const garden = place.node('--name', 'garden');
  await garden.line(isReady);
  await place.node('--name', 'kitchen').line(isReady);
  await garden.line(({ event, name, state }) => event === 'peer' && name === 'kitchen' && state === 'alive');
  const { code, diagnosis } = await doctor('--name', 'kitchen');
  expect(code).toBe(0);
  expect(diagnosis.worst).toBe('hint');
  expect(idsOf(diagnosis)).toEqual(['loopback', 'versions', 'port', 'multicast', 'peers']);
  expect(diagnosis.facts).toMatchObject({
    node: { name: 'kitchen' },
    peers: [{ name: 'garden', state: 'alive', isHeard: true, endpoints: [{ host: '127.0.0.1', link: 'loopback' }] }],
  });
  expect((await doctor()).errors).toContain('Several nodes are running');
});

test('a node that is away, one with another key, and another namespace are told apart', async () => {
  const garden = place.node('--name', 'garden');
  await garden.line(isReady);
  place.variables.INTERMACHINE_NETWORK_KEY = 'abcdefghijklmnopqrstuvwxya';
  const stranger = place.node('--name', 'stranger');
  await garden.line(({ event, name, state }) => event === 'peer' && name === 'stranger' && state === 'untrusted');
  await place.node('--name', 'elsewhere', '--namespace', 'elsewhere').line(isReady);
  place.variables.INTERMACHINE_NETWORK_KEY = '';
  const shed = place.node('--name', 'shed');
  await garden.line(({ event, name, state }) => event === 'peer' && name === 'shed' && state === 'alive');
  await shed.end('SIGKILL');
  const { code, diagnosis } = await doctor('--name', 'garden');
  expect(code).toBe(20);
  expect(idsOf(diagnosis).slice(0, 1)).toEqual(['peer-untrusted']);
  expect(idsOf(diagnosis)).toEqual(expect.arrayContaining(['peer-away', 'other-namespace', 'multicast']));
  expect(stranger.hasEnded).toBe(false);
});

test('without a node it looks by itself, and its exit code is that of the worst finding', async () => {
  const loopback = ['--loopback', String(place.loopbackPort)];
  const alone = await doctor(...loopback);
  expect([alone.code, idsOf(alone.diagnosis)]).toEqual([20, ['nobody-heard', 'no-node', 'loopback', 'versions']]);
  const server = createServer().listen({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  const taken = await doctor(...loopback, '--port', port);
  expect([taken.code, idsOf(taken.diagnosis)[0]]).toEqual([21, 'port-unusable']);
  server.close();
  expect((await doctor('--port', 'x')).code).toBe(2);
  expect((await doctor('--name', 'nobody')).code).toBe(13);
});

test('for people it is a line for each finding, and its cure below it', async () => {
  const { code, output } = await place.ask('doctor', '--loopback', String(place.loopbackPort));
  expect(code).toBe(20);
  expect(output).toMatch(
    /^InterMachine looked at this computer; no node of yours runs\.\n! No other node .*\n {2}→ Start one/,
  );
  expect(output).toMatch(/It works, or could, but not as it should\.\n$/);
});
