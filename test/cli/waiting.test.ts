import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNode, type InterMachineNode, openDashboard } from '../../main/index.ts';
import { CliPlace } from '../support/cli.ts';
import { eventually } from '../support/discovery.ts';
import { collector } from '../support/machines.ts';

// What waits, and what will not arrive: looked at and acted on by commands, at real nodes.

let place: CliPlace;
let kitchen: InterMachineNode;
let garden: InterMachineNode;
let dataDir: string;
beforeEach(async () => {
  place = await CliPlace.make();
  const options = {
    networkKey: 'abcdefghijklmnopqrstuvwxya',
    loopbackPort: place.loopbackPort,
    report: () => {},
  };
  dataDir = join(place.home, 'kitchen');
  kitchen = await createNode({ ...options, name: 'kitchen', dataDir });
  garden = await createNode({ ...options, name: 'garden', dataDir: join(place.home, 'garden') });
  await openDashboard(kitchen);
});
afterEach(async () => {
  await Promise.all([kitchen.stop(), garden.stop()]);
  await place.clear();
});

const ask = (...words: readonly string[]) => place.ask(...words, '--data-dir', dataDir);
const send = (n: number, id = 'Sink_1') =>
  kitchen.sendTo(`im://${garden.id}/${id}`, { type: 'NUMBER', n }, { until: 'accepted' });
const refused = async (...numbers: readonly number[]) => {
  await garden.register('Sink', collector, { accept: { types: ['Nobody'] } });
  await kitchen.waitForType('Sink');
  for (const n of numbers) await kitchen.sendTo('Sink_1', { type: 'NUMBER', n });
};
const left = async () => (await kitchen.deadLetters.list()).map(({ event }) => (event as unknown as { n: number }).n);

test('dead letters are listed with why, sent again by place, and dropped by reason after a yes', async () => {
  expect(await ask('dead-letters')).toEqual({ code: 0, output: 'There are no dead letters.\n', errors: '' });
  await refused(1, 2, 3);
  const listed = await ask('dead-letters');
  expect(listed.output).toMatch(
    /^place +since +reason +event +from +to\n3 .* NOT_ACCEPTED +NUMBER +kitchen +Sink_1 on garden\n {2}\{"type":"NUMBER","n":3\}\n2 /,
  );
  const { output } = await ask('dead-letters', 'list', '--reason', 'not_accepted', '--peer', 'garden', '--json');
  const [newest, ...more] = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(newest).toMatchObject({ place: 3, reason: 'NOT_ACCEPTED', eventJson: '{"type":"NUMBER","n":3}' });
  expect(more).toHaveLength(2);
  await garden.unregister('Sink_1');
  const sink = await garden.register('Sink', collector);
  await eventually('it is known anew', () => kitchen.isHealthy('Sink_1'));
  expect(await ask('dead-letters', 'retry', '2')).toMatchObject({ code: 0, output: '1 dead letter was sent again.\n' });
  await eventually('it came', () => sink.actor.getSnapshot().context.numbers.length > 0);
  expect(sink.actor.getSnapshot().context.numbers).toEqual([2]);
  expect(await left()).toEqual([3, 1]);
  // Never all of them by accident.
  expect((await ask('dead-letters', 'drop')).errors).toContain('Say which');
  expect((await ask('dead-letters', 'drop', '--reason', 'NOT_ACCEPTED')).errors).toContain(
    '2 dead letters are removed',
  );
  expect(await left()).toEqual([3, 1]);
  expect(await ask('dead-letters', 'drop', '--machine', 'Sink_1', '--yes')).toMatchObject({
    output: '2 dead letters were dropped.\n',
  });
  expect(await left()).toEqual([]);
  expect((await kitchen.trust.audit()).map(({ action, subject, by }) => [action, subject, by])).toEqual([
    ['drop', 'dead letter 1, 3', 'command'],
    ['retry', 'dead letter 2', 'command'],
  ]);
}, 60_000);

test('what waits for a peer is told with its age, and a peer that will never return is forgotten after a yes', async () => {
  await refused();
  expect((await ask('forget', 'garden', '--yes')).errors).toContain('only one that is away can be forgotten');
  await garden.stop();
  await eventually('it is away', () => kitchen.peers()[0]?.state === 'offline');
  for (const n of [1, 2]) await send(n);
  expect((await ask('peers')).output).toMatch(/garden +offline +- +2, \d+ B, for \d+ s /);
  const asked = await ask('forget', 'garden');
  expect(asked.errors).toContain('garden is known no more, and 2 envelopes that wait for it will not be delivered');
  expect(asked.code).not.toBe(0);
  expect(await ask('forget', 'garden', '--yes')).toMatchObject({
    code: 0,
    output: 'garden is forgotten. 2 dead letters: intermachine dead-letters.\n',
  });
  expect(await ask('peers')).toMatchObject({ output: 'No other node has been seen yet.\n' });
  expect((await ask('dead-letters', '--peer', garden.id)).output).toMatch(/PEER_FORGOTTEN[\s\S]*PEER_FORGOTTEN/);
  expect((await kitchen.trust.audit())[0]).toMatchObject({ action: 'forget', subject: garden.id });
}, 60_000);

test('the log is exported to a file or a pipe, as JSON Lines or CSV, as far as is asked for', async () => {
  const sink = await garden.register('Sink', collector);
  await kitchen.waitForType('Sink');
  for (let n = 0; n < 1_500; n++) void kitchen.sendTo(sink.address, { type: 'NUMBER', n });
  await kitchen.sendTo(sink.address, { type: 'NUMBER', n: 1_500, text: 'the last, "with" = signs' });
  const file = join(place.home, 'log.jsonl');
  expect(await ask('export', '--out', file)).toEqual({ code: 0, output: '', errors: `1501 rows in ${file}.\n` });
  const rows = (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows.map(({ event }) => event.n)).toEqual(Array.from({ length: 1_501 }, (_, n) => n));
  expect(rows[0]).toMatchObject({ direction: 'out', to: sink.address, status: 'handled' });
  const again = await ask('export', '--out', file);
  expect(again.code).not.toBe(0);
  expect(again.errors).toContain('EEXIST');
  const csv = await ask('export', '--format', 'csv', '--text', 'the last', '--machine', 'Sink_1', '--since', '1h');
  expect(csv.output.split('\r\n')).toEqual([
    expect.stringMatching(/^place,logged at,direction,from,to,type,status/),
    expect.stringMatching(/"\{""type"":""NUMBER"",""n"":1500,/),
    '',
  ]);
  expect(csv.errors).toContain('1 rows.');
  expect((await ask('export', '--until', '2026-01-01')).output).toBe('');
  expect((await ask('export', '--since', 'yesterday')).errors).toContain('--since yesterday');
}, 60_000);

test('a node that was put back from its backup has what it had then, and what was there is kept beside it', async () => {
  const sink = await garden.register('Sink', collector);
  await kitchen.waitForType('Sink');
  await kitchen.sendTo(sink.address, { type: 'NUMBER', n: 1 });
  const file = join(place.home, 'kitchen.backup');
  expect((await ask('backup', file)).output).toContain(`${file}: `);
  expect((await ask('backup', file)).errors).toContain('it exists already');
  await kitchen.sendTo(sink.address, { type: 'NUMBER', n: 2 });
  const refused = await place.ask('restore', file, '--data-dir', dataDir);
  expect(refused).toMatchObject({ code: 6, output: '' });
  expect(refused.errors).toContain(`process ${process.pid} uses`);
  expect((await place.ask('restore', file, '--data-dir', place.home)).errors).toContain('no identity.pem');
  const { incarnation } = kitchen;
  await kitchen.stop();
  expect((await place.ask('restore', join(dataDir, 'identity.pem'), '--data-dir', dataDir)).errors).toContain(
    'BACKUP_FAILED',
  );
  expect((await place.ask('restore', file, '--data-dir', dataDir)).output).toMatch(
    /What was there is in .*node\.db\.before-/,
  );
  expect((await readdir(dataDir)).some((name) => name.startsWith('node.db.before-'))).toBe(true);
  kitchen = await createNode({
    networkKey: 'abcdefghijklmnopqrstuvwxya',
    loopbackPort: place.loopbackPort,
    report: () => {},
    name: 'kitchen',
    dataDir,
  });
  expect((await kitchen.messages()).map(({ event }) => (event as unknown as { n: number }).n)).toEqual([1]);
  await kitchen.waitForType('Sink');
  expect(kitchen.incarnation).toBeGreaterThan(incarnation);
  expect(await kitchen.sendTo(sink.address, { type: 'NUMBER', n: 3 })).toMatchObject({ status: 'handled' });
  expect(sink.actor.getSnapshot().context.numbers).toEqual([1, 2, 3]);
  await garden.stop();
  const mistaken = await place.ask('restore', file, '--data-dir', join(place.home, 'garden'));
  expect(mistaken.output).toContain(`has what another node, ${kitchen.id}, had at the time of the backup`);
  expect(mistaken.output).toContain('may come twice: stop it, or restore a backup of this node.');
}, 60_000);
