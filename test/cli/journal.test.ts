import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNode, type InterMachineNode, openDashboard } from '../../main/index.ts';
import { CliPlace } from '../support/cli.ts';
import { collector } from '../support/machines.ts';

let place: CliPlace;
let kitchen: InterMachineNode;
beforeEach(async () => {
  place = await CliPlace.make();
  await start();
});
afterEach(async () => {
  await kitchen.stop();
  await place.clear();
});

async function start(): Promise<void> {
  kitchen = await createNode({
    ...{ name: 'kitchen', dataDir: join(place.home, 'kitchen'), loopbackPort: place.loopbackPort, report: () => {} },
    networkKey: 'abcdefghijklmnopqrstuvwxya',
  });
  await openDashboard(kitchen);
  await kitchen.register('Sink', collector, { persist: true, journal: true });
}

const ask = (...words: readonly string[]) => place.ask(...words, '--data-dir', join(place.home, 'kitchen'));

test('what a machine did is told newest first, over restarts of its node', async () => {
  await kitchen.sendTo('Sink_1', { type: 'NUMBER', n: 7 });
  await kitchen.stop();
  await start();
  const { output, errors, code } = await ask('journal', 'Sink_1');
  expect([code, errors]).toEqual([0, '']);
  expect(output).toMatch(
    /^row +at +from +event +state\n3 .* start +xstate\.init .*\n {2}\{.*\}\n2 .* a node +NUMBER .*\n {2}\{"type":"NUMBER","n":7\}\n1 /,
  );
  const json = await ask('journal', 'Sink_1', '--limit', '2', '--json');
  const rows = json.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows).toMatchObject([
    { seq: 3, from: 'start' },
    { seq: 2, from: `im://${kitchen.id}/$node`, eventType: 'NUMBER', eventJson: '{"type":"NUMBER","n":7}' },
  ]);
  expect(await kitchen.replay('Sink_1', 2)).toMatchObject({ context: { numbers: [7] } });
});

test('a row that the disk damaged says so, and nothing that may be wrong', async () => {
  await kitchen.sendTo('Sink_1', { type: 'NUMBER', n: 7 });
  await kitchen.stop();
  const db = new Database(join(place.home, 'kitchen', 'node.db'));
  db.prepare('UPDATE journal SET at = at * 1e6 WHERE seq = 2').run();
  db.close();
  await start();
  expect((await ask('journal', 'Sink_1')).output).toMatch(
    /\n2 +- +- +damaged on the disk +-\n {2}it cannot be read, and no row from here to the next snapshot can be replayed\n1 /,
  );
  const json = await ask('journal', 'Sink_1', '--json');
  expect(json.output.split('\n')[1]).toBe('{"seq":2,"damaged":true}');
});

test('a machine without a journal has none, and a limit that is none is refused', async () => {
  await kitchen.register('Sink', collector, { id: 'Other' });
  expect(await ask('journal', 'Other')).toMatchObject({ code: 0, output: 'Other has no journal.\n' });
  expect((await ask('journal', 'Sink_1', '--limit', 'many')).errors).toContain('limit');
});
