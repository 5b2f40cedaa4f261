import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FileView } from '../../shared/api.ts';
import { noChromium } from '../support/chromium.ts';
import { FakeWorld } from '../support/renderer/fake-world.ts';
import { PHONE, raiseStage, type Stage } from '../support/renderer/stage.ts';

const file = (name: string, more: Partial<FileView> = {}): FileView => ({
  name,
  machines: [],
  problems: [],
  notes: [],
  ...more,
});

const BROKEN = file('press.json', {
  type: 'Press',
  version: '1.0.0',
  machines: ['Press_1'],
  problems: [
    {
      severity: 'error',
      path: 'states.open.on.LOAD.target',
      message: 'there is no state "presing" at the top',
      hint: 'Did you mean "pressing"?',
      line: 9,
      column: 29,
      length: 9,
    },
  ],
});

describe.skipIf(noChromium)(`machine files${noChromium ? `, as ${noChromium}` : ''}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await raiseStage();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage?.close());

  test('a file appears with its machines, shows what is wrong and where, and is right again', async () => {
    const world = new FakeWorld('hall');
    const { page, complaints } = await stage.open(world, { hash: '#/files' });
    await page.getByText('No machine files yet').waitFor();
    await page.getByText(world.files.folder ?? '').waitFor();
    world.setFiles([file('press.json', { type: 'Press', version: '1.0.0', machines: ['Press_1', 'Press_2'] })]);
    const card = page.getByRole('article', { name: 'press.json' });
    await card.getByText('running', { exact: true }).waitFor();
    expect(await card.getByRole('link', { name: 'Press_2' }).getAttribute('href')).toBe(
      `#/machines/${encodeURIComponent(`im://${world.node.id}/Press_2`)}`,
    );
    world.setFiles([BROKEN]);
    await card.getByText('errors; runs as before').waitFor();
    await card.getByText('there is no state "presing" at the top').waitFor();
    await card.getByText('Did you mean "pressing"?').waitFor();
    await card.getByText('line 9, column 29').waitFor();
    await card.getByText('states.open.on.LOAD.target').waitFor();
    await card.getByText('As it was before, these go on:').waitFor();
    // From every page one sees that a file is wrong.
    await page.getByRole('link', { name: /Files/ }).getByText('1').waitFor();
    world.setFiles([file('press.json', { machines: ['Press_1'], notes: ['Press_1 kept its state'] })]);
    await card.getByText('Press_1 kept its state').waitFor();
    await card.getByRole('listitem').waitFor({ state: 'detached' });
    world.setFiles([]);
    await card.waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  });

  test('a node without a folder says why', async () => {
    const world = new FakeWorld('hall');
    world.files = { files: [] };
    const { page } = await stage.open(world, { hash: '#/files' });
    await page.getByText('This node takes no machine files').waitFor();
  });

  test('texts of a file are texts, whatever they hold, and a phone shows them whole', async () => {
    const world = new FakeWorld('hall');
    const message = `there is no state "<img src=x onerror=alert(1)>\u202E${'long'.repeat(60)}"`;
    world.setFiles([file(`${'a'.repeat(120)}.json`, { problems: [{ severity: 'error', path: 'states', message }] })]);
    const { page, complaints } = await stage.open(world, { hash: '#/files', size: PHONE });
    await page.getByText('<img src=x onerror=alert(1)>\\u{202e}').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
    expect(await page.evaluate('document.querySelector("main").scrollWidth <= window.innerWidth')).toBe(true);
    expect(complaints).toEqual([]);
  });
});
