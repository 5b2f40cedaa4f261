import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { AnyActorLogic } from 'xstate';
import { SystemClock } from '../../main/adapters/clock/system.ts';
import type { LogRow } from '../../main/core/ports.ts';
import { loadFile } from '../../main/machine-files/load-file.ts';
import { SHIPPED } from '../../main/machines/shipped.ts';
import { World } from '../support/world.ts';

const folder = fileURLToPath(new URL('../../main/machines/press-line', import.meta.url));
/** On which node each machine of the line runs. */
const LINE = { feeder: 'a', robot: 'b', press: 'c', inspector: 'c' } as const;

type Name = keyof typeof LINE;

async function fromFile(name: Name): Promise<{ readonly type: string; readonly logic: AnyActorLogic }> {
  const { definition, problems } = await loadFile(join(folder, `${name}.json`), new SystemClock());
  expect(problems).toEqual([]);
  return definition!;
}

/** What happens on the line within 20 s, and how its machines stand then. */
async function run(machine: (name: Name) => Promise<{ readonly type: string; readonly logic: AnyActorLogic }>) {
  const world = new World();
  const nodes = { a: await world.start('a'), b: await world.start('b'), c: await world.start('c') };
  const machines = [];
  for (const [name, on] of Object.entries(LINE) as [Name, 'a' | 'b' | 'c'][]) {
    const { type, logic } = await machine(name);
    machines.push(await world.after(nodes[on].node.register(type, logic)));
  }
  await world.advance(20_000);
  const rows = await Promise.all(Object.values(nodes).map(({ node }) => node.messages({ limit: 1_000 })));
  const problems = Object.values(nodes).flatMap((node) => node.problems);
  const ends = machines.map(({ actor }) => {
    const { value, context } = actor.getSnapshot() as { value: unknown; context: unknown };
    return { value, context };
  });
  await world.stop();
  return { messages: rows.flat().map(told), ends, problems };
}

const told = ({ direction, from, to, event, status, sentAt }: LogRow) => ({
  direction,
  from,
  to,
  event,
  status,
  sentAt,
});

test('the press line of JSON files does to the millisecond what that of code does', async () => {
  const code = await run(async (name) => SHIPPED[name]!);
  const files = await run(fromFile);
  expect(code.messages.length).toBeGreaterThan(50);
  expect(code.messages.map(({ event }) => event)).toContainEqual({ type: 'RESULT', part: 5, passed: false });
  expect(files).toEqual(code);
});
