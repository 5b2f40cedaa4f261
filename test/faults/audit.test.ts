import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SqliteStore } from '../../main/adapters/store/sqlite.ts';
import type { StoredChange } from '../../main/core/ports.ts';
import { addressOf, machineId, type NodeId } from '../../shared/ids.ts';
import { EPOCH, pageOf } from '../support/store/rows.ts';
import { idOf } from '../support/world.ts';
import { audit } from './audit.ts';
import { type Member, membersIn } from './cluster.ts';

// What the loops rest on: whatever is wrong with what is left is counted.

const IDS: readonly NodeId[] = [idOf('a'), idOf('b'), idOf('c')];
const [ONE, TWO] = IDS as [NodeId, NodeId];
let directory: string;
let members: readonly Member[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'intermachine-audit-'));
  members = membersIn(directory, directory, {});
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** `one` accepted some for `two`; what `two` has in its log, and `one` among its dead letters and in its log. */
async function left(
  accepted: readonly number[],
  logged: readonly number[],
  dead: readonly number[] = [],
  sent: readonly number[] = [],
) {
  await writeFile(join(directory, 'one.accepted'), accepted.map((n) => `two ${n}\n`).join(''));
  const stream = { direction: 'in' as const, peer: ONE, epoch: EPOCH };
  const rows = logged.map((n) => ({ event: { type: 'NUMBER', n } }));
  const handled = { type: 'became' as const, ...stream, first: 1, last: rows.length, status: 'handled' as const };
  const letters = dead.map((n): StoredChange => ({ type: 'deadLetter', letter: letterOf(n) }));
  const out = sent.map((n) => ({ event: { type: 'NUMBER', n } }));
  const sending = { direction: 'out' as const, peer: TWO, epoch: EPOCH };
  const sends: readonly StoredChange[] =
    out.length > 0
      ? [
          { type: 'page', page: pageOf(sending, 1, out) },
          { type: 'acknowledged', peer: TWO, epoch: EPOCH, sequence: out.length },
        ]
      : [];
  const changes: readonly (readonly StoredChange[])[] = [
    [...letters, ...sends],
    rows.length > 0 ? [{ type: 'page', page: pageOf(stream, 1, rows) }, handled] : [],
    [],
  ];
  await Promise.all(
    members.map(async ({ dataDir }, at) => {
      const store = new SqliteStore({ file: join(dataDir, 'node.db') });
      await store.open();
      await store.commit([{ type: 'incarnation', incarnation: 1, node: IDS[at] as NodeId }, ...(changes[at] ?? [])]);
      await store.close();
    }),
  );
  return await audit(members);
}

const letterOf = (n: number) => ({
  id: String(n),
  direction: 'out' as const,
  from: addressOf(ONE, machineId('sink-one')),
  to: addressOf(TWO, machineId('sink-two')),
  sentAt: 1,
  diedAt: 1,
  eventJson: JSON.stringify({ type: 'NUMBER', n }),
  reason: 'ENVELOPE_EXPIRED' as const,
});

const NOTHING = {
  ...{ lost: 0, twice: 0, reordered: 0, dead: 0, unhandled: 0, strange: 0, renamed: 0 },
  integrity: 'ok',
};

test('what arrived as it was sent is counted as nothing but accepted', async () => {
  expect(await left([1, 2, 4], [1, 2, 4, 5])).toMatchObject({ ...NOTHING, accepted: 3 });
});

test('whatever is lost, twice, out of order, dead, or arrives though it was not accepted, is counted', async () => {
  const [lost, twice, late, unaccepted, dead] = [11, 12, 14, 15, 16];
  const found = await left(
    [1, lost, twice, late - 1, late, dead, 17],
    [1, twice, twice, late, late - 1, unaccepted, 17],
    [dead],
  );
  const reasons = { 'out: ENVELOPE_EXPIRED': 1 };
  expect(found).toMatchObject({ ...NOTHING, lost: 1, twice: 1, reordered: 1, dead: 1, strange: 1, reasons });
});

test('what has the id that its sender knows it by is counted as nothing but accepted', async () => {
  expect(await left([1, 2, 3], [1, 2, 3], [], [1, 2, 3])).toMatchObject({ ...NOTHING, accepted: 3 });
});

test('an id that stands for one envelope at its sender and for another at its receiver is counted', async () => {
  expect(await left([1, 2, 3], [1, 2, 3], [], [1, 3, 2])).toMatchObject({ ...NOTHING, renamed: 2 });
});
