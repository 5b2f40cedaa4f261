import { expect, test } from 'vitest';
import { SqliteConnection } from '../../../main/adapters/store/sqlite-connection.ts';
import { startSmallProcess } from '../../support/store/child.ts';
import { databaseFile } from '../../support/store/place.ts';
import { became, IN, incarnation, page, rows } from '../../support/store/rows.ts';

const MiB = 1024 * 1024;
const LARGE = 100;

test('a log of large events is exported in a heap that would not hold half of it', async () => {
  const file = databaseFile();
  const connection = new SqliteConnection({ file });
  connection.commit([incarnation(1), rows(IN, 1, 3_000)]);
  for (let n = 1; n <= LARGE; n++)
    connection.commit([page(IN, 3_000 + n, [{ event: { type: 'LARGE', text: 'x'.repeat(MiB) } }])]);
  connection.commit([became(IN, [1, 3_000 + LARGE], 'handled')]);
  connection.close();
  const child = startSmallProcess(40, 'exportAll', file);
  const told = (await child.reported((message) => typeof message === 'object')) as Record<string, number>;
  expect(told).toMatchObject({ rows: 3_000 + LARGE, done: 1 });
  expect(told.total).toBeGreaterThan(LARGE * MiB);
  expect(told.largest).toBeLessThan(2 * MiB);
});
