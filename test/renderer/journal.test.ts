import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { JournalRowView } from '../../shared/api.ts';
import { noChromium } from '../support/chromium.ts';
import { FakeWorld } from '../support/renderer/fake-world.ts';
import { raiseStage, type Stage } from '../support/renderer/stage.ts';

const row = (seq: number, from: string, eventType: string): JournalRowView => ({
  ...{ seq, from, eventType },
  at: 1_763_000_000_000 + seq,
  eventJson: JSON.stringify({ type: eventType }),
  state: 'idle',
});

describe.skipIf(noChromium)(`the journal on a machine's page${noChromium ? `, as ${noChromium}` : ''}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await raiseStage();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage?.close());

  async function open(journal: readonly JournalRowView[]) {
    const world = new FakeWorld('hall');
    world.journal = journal;
    const { address } = world.addMachine('Robot_1', 'Robot', world.node, { journaled: true });
    const { page, complaints } = await stage.open(world, { hash: `#/machines/${encodeURIComponent(address)}` });
    const panel = page.getByRole('region', { name: 'Journal' });
    await panel.getByRole('listitem').first().waitFor();
    return { panel, complaints, lines: await panel.getByRole('listitem').allInnerTexts() };
  }

  test('has each event, where it came from and the state after it, and no word of damage where there is none', async () => {
    const { panel, complaints, lines } = await open([
      row(2, 'timer', 'xstate.after.1000'),
      row(1, 'start', 'xstate.init'),
    ]);
    expect(lines).toEqual([
      expect.stringMatching(/timer xstate\.after\.1000\s+idle/),
      expect.stringMatching(/start xstate\.init\s+idle/),
    ]);
    expect(await panel.getByText('The disk did not keep').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('names a row that the disk damaged, and what that means', async () => {
    const { panel, complaints, lines } = await open([
      row(3, 'self', 'AGAIN'),
      { seq: 2, damaged: true },
      row(1, 'start', 'xstate.init'),
    ]);
    expect(lines[1]).toMatch(/^row 2\s+damaged on the disk$/);
    await panel.getByText('The disk did not keep all of it. What the machine was after a damaged row').waitFor();
    expect(complaints).toEqual([]);
  });
});
