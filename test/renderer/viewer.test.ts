import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CALLS, type Calls } from '../../shared/api.ts';
import type { CallHandlers } from '../../shared/rpc.ts';
import { noChromium } from '../support/chromium.ts';
import type { FakeWorld } from '../support/renderer/fake-world.ts';
import { raiseStage, type Stage } from '../support/renderer/stage.ts';
import { lettersWorld, strangersWorld } from '../support/renderer/worlds.ts';

/** Each with a button that acts, where that is allowed, and a word that is there once the page is. */
const PAGES: readonly [string, () => FakeWorld, string][] = [
  ['#/', lettersWorld, 'cellar'],
  ['#/dead-letters', lettersWorld, 'ENVELOPE_EXPIRED'],
  ['#/trust', strangersWorld, 'old-laptop'],
  ['machine', parkedWorld, 'gripper jammed'],
];

/** One machine, which failed. */
function parkedWorld(): FakeWorld {
  const world = lettersWorld();
  const { address } = world.addMachine('Robot_1', 'Robot', world.node, { status: 'error', healthy: false });
  world.setLive(address, {
    ...{ status: 'error', active: [], state: 'idle', tags: [], context: 'null', contextIsCut: false },
    ...{ failures: [{ at: 1_763_000_000_000, reason: 'gripper jammed' }], definition: 1, step: 1 },
  });
  return world;
}

describe.skipIf(noChromium)(`who may only look${noChromium ? `, as ${noChromium}` : ''}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await raiseStage();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage?.close());

  /** Writes into every field and clicks every button, the second time where it asks once more; what the node was told to do. */
  async function clickAll(world: FakeWorld, hash: string, text: string): Promise<readonly string[]> {
    const told: string[] = [];
    const acts = Object.keys(CALLS).filter((name) => CALLS[name as keyof Calls] === 'acts');
    const calls: Partial<CallHandlers<Calls>> = Object.fromEntries(
      acts.map((name) => [name, () => Promise.reject(new Error(`refused: ${told.push(name)}`))]),
    );
    const robot = [...world.machines.keys()][0] ?? '';
    const { page } = await stage.open(world, {
      hash: hash === 'machine' ? `#/machines/${encodeURIComponent(robot)}` : hash,
      calls,
    });
    const main = page.getByRole('main');
    await main.getByText(text).filter({ visible: true }).first().waitFor();
    for (const field of await main.locator('input:not([type=search])').all()) await field.fill('TYPE').catch(() => {});
    const clicked = new Set<string>();
    for (let round = 0; round < 100; round++) {
      const buttons = await main.locator('button:enabled:visible').all();
      const names = await Promise.all(
        buttons.map(async (button) => (await button.getAttribute('aria-label')) ?? (await button.innerText())),
      );
      const at = names.findIndex((name) => !clicked.has(name));
      if (at < 0) break;
      clicked.add(names[at] ?? '');
      await buttons[at]?.click();
    }
    return told;
  }

  test.each(PAGES)('is offered nothing on %s that the node would refuse', async (hash, make, text) => {
    const [mine, theirs] = [make(), make()];
    theirs.node = { ...theirs.node, mayAct: false };
    const [told, refused] = await Promise.all([mine, theirs].map((world) => clickAll(world, hash, text)));
    expect(told).not.toEqual([]);
    expect(refused).toEqual([]);
  });
});
