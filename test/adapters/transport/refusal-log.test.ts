import { expect, test } from 'vitest';
import { RefusalLog } from '../../../main/adapters/transport/refusal-log.ts';

function newLog() {
  const lines: string[] = [];
  const time = { ms: 0 };
  return {
    lines,
    time,
    log: new RefusalLog(
      (line) => lines.push(line),
      () => time.ms,
    ),
  };
}

test('one line per address and minute, and the next one says how many were left out', () => {
  const { lines, time, log } = newLog();
  for (; time.ms < 60_000; time.ms += 100) log.refused('10.0.0.7', 'showed no certificate');
  expect(lines).toEqual(['A connection from 10.0.0.7 was refused: it showed no certificate']);
  log.refused('10.0.0.7', 'does not speak TLS');
  expect(lines[1]).toBe(
    'A connection from 10.0.0.7 was refused: it does not speak TLS (and 599 more from there, not logged)',
  );
});

test('each address has its own line', () => {
  const { lines, log } = newLog();
  for (const address of ['10.0.0.7', '10.0.0.8', '10.0.0.7']) log.refused(address, 'came');
  expect(lines).toHaveLength(2);
});

test('any number of addresses takes a bounded memory and room in the log, and the next line says how many were left out', () => {
  const { lines, time, log } = newLog();
  for (let host = 0; host < 5_000; host++) log.refused(`fd00::${host}`, 'came');
  expect(lines).toHaveLength(60);
  time.ms = 60_000;
  log.refused('10.0.0.7', 'came');
  expect(lines.slice(60)).toEqual([
    '4940 more connections, from many addresses, were refused and not logged',
    'A connection from 10.0.0.7 was refused: it came',
  ]);
});
