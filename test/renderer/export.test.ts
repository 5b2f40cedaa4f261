import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ExportInput, ExportItem } from '../../shared/api.ts';
import { InterMachineError } from '../../shared/errors.ts';
import type { Source } from '../../shared/rpc.ts';
import { noChromium } from '../support/chromium.ts';
import { FakeWorld } from '../support/renderer/fake-world.ts';
import { eventually, raiseStage, type Stage } from '../support/renderer/stage.ts';

describe.skipIf(noChromium)(`saving the log to a file${noChromium ? `, as ${noChromium}` : ''}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await raiseStage();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage?.close());

  /** 25 events of two types; whoever looks may change nothing. */
  function hall(): FakeWorld {
    const world = new FakeWorld('hall');
    world.node = { ...world.node, mayAct: false };
    const robot = world.addMachine('Robot_1', 'Robot', world.node).address;
    const press = world.addMachine('Press_1', 'Press', world.addPeer('attic')).address;
    for (let n = 0; n < 25; n++) world.send(robot, press, { type: n % 5 === 0 ? 'LOAD' : 'TICK', n } as never);
    return world;
  }

  interface Options {
    readonly hash?: string;
    readonly streams?: { export: (input: unknown) => Source<ExportItem> };
    /** The person chooses a file, or none; a browser that cannot ask has `undefined`. */
    readonly picks?: 'a file' | 'none';
    readonly isDesktop?: boolean;
  }

  async function open({ hash = '#/messages', picks, isDesktop = false, ...options }: Options = {}) {
    const { page, node, complaints } = await stage.open(hall(), options);
    await page.addInitScript(
      ([choice, desktop]) => {
        const picker = async () => {
          if (choice === 'none') throw new DOMException('the person chose none', 'AbortError');
          // A real file of the browser's own, as no test can click in the dialogue of a system.
          const folder = await navigator.storage.getDirectory();
          return await folder.getFileHandle('messages', { create: true });
        };
        Object.defineProperty(window, 'showSaveFilePicker', { value: choice === 'no dialogue' ? undefined : picker });
        if (desktop) Object.defineProperty(window, 'intermachine', { value: { connect: () => {} } });
      },
      [picks ?? 'no dialogue', isDesktop] as const,
    );
    await page.goto('about:blank');
    await page.goto(node.url + hash);
    await page.getByRole('button', { name: 'Export' }).click();
    return { page, complaints };
  }

  const savedIn = (page: Page): Promise<string> =>
    page.evaluate(async () => {
      const folder = await navigator.storage.getDirectory();
      return await (await (await folder.getFileHandle('messages')).getFile()).text();
    });
  const numbersOf = (text: string): readonly number[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(JSON.parse(line).eventJson).n);
  const save = (page: Page) => page.getByRole('button', { name: 'Save to a file' }).click();

  test('the chosen file gets the whole log, oldest first, also from those who may only look', async () => {
    const { page, complaints } = await open({ picks: 'a file' });
    await save(page);
    await page.getByText('Saved: 25 rows.').waitFor();
    expect(numbersOf(await savedIn(page))).toEqual(Array.from({ length: 25 }, (_, n) => n));
    expect(complaints).toEqual([]);
  });

  test('the filters of the page hold for the file, and for the command that does the same', async () => {
    const { page } = await open({ picks: 'a file', hash: '#/messages?type=LOAD&machine=Press_1&text=a%20b' });
    await page.getByText('Nothing to save: no message matches').waitFor();
    await page
      .getByText('intermachine export --type LOAD --machine Press_1 --text "a b" --out messages.jsonl')
      .waitFor();
    await page.getByLabel('Search in events').fill('');
    await page.getByText('What the filters let through, oldest first').waitFor();
    await save(page);
    await page.getByText('Saved: 5 rows.').waitFor();
    expect(numbersOf(await savedIn(page))).toEqual([0, 5, 10, 15, 20]);
  });

  test('S: a type that a shell would take for more than a word is in no command', async () => {
    const { page } = await open({ picks: 'a file', hash: `#/messages?type=${encodeURIComponent('"; reboot; "')}` });
    await page.getByText('intermachine export --help').waitFor();
    expect(await page.locator('.export-command').innerText()).not.toContain('reboot');
  });

  test('a browser without a dialogue for files gets a download, as CSV where that is wanted', async () => {
    const asked: ExportInput[] = [];
    const one = async (input: unknown): Promise<ExportItem> => {
      asked.push(input as ExportInput);
      return { text: 'place,type\r\n1,TICK\r\n', rows: 1, done: 1 };
    };
    const { page, complaints } = await open({
      streams: {
        export: (input) => {
          let isGiven = false;
          return {
            next: async () => {
              if (isGiven) return undefined;
              isGiven = true;
              return await one(input);
            },
            stop: () => {},
          };
        },
      },
    });
    await page.getByLabel('Format').selectOption('csv');
    const downloading = page.waitForEvent('download');
    await save(page);
    const download = await downloading;
    expect(download.suggestedFilename()).toBe('messages.csv');
    expect(await readFile(await download.path(), 'utf8')).toBe('place,type\r\n1,TICK\r\n');
    await page.getByText('Saved: 1 row.').waitFor();
    expect(asked).toEqual([{ format: 'csv' }]);
    expect(complaints).toEqual([]);
  });

  /** It never ends; tells when its reader has gone. */
  function endless(text: string) {
    const seen = { items: 0, isStopped: false };
    const source: Source<ExportItem> = {
      next: async () => (seen.isStopped ? undefined : { text, rows: ++seen.items, done: 0.42 }),
      stop: () => {
        seen.isStopped = true;
      },
    };
    return { seen, streams: { export: () => source } };
  }

  test('a download that would take too much memory ends with what to do instead, and the node is asked no more', async () => {
    const { seen, streams } = endless('x'.repeat(1024 * 1024));
    const { page } = await open({ streams });
    await save(page);
    await page
      .getByRole('alert')
      .getByText(/^Nothing was saved: .*larger than 67.1 MB\. Set a filter, or use/)
      .waitFor();
    await eventually(() => seen.isStopped).toBe(true);
    expect(seen.items).toBeLessThan(80);
  });

  test('how far it is is seen; cancelling saves nothing, and so does leaving the page', async () => {
    for (const leave of ['Cancel', 'Close the export']) {
      const { seen, streams } = endless('row\n');
      const { page } = await open({ picks: 'a file', streams });
      await save(page);
      await page.getByText(/^42 %, \d+ rows/).waitFor();
      await page.getByRole('button', { name: leave }).click();
      await eventually(() => seen.isStopped).toBe(true);
      if (leave === 'Cancel') await page.getByText('Cancelled: nothing was saved.').waitFor();
      await eventually(() => savedIn(page)).toBe('');
    }
  });

  test('the window of the desktop, which lets no file out, says the command', async () => {
    const { page } = await open({ isDesktop: true, hash: '#/messages?type=LOAD' });
    const panel = page.getByRole('region', { name: 'Export' });
    await panel.getByText('This window saves no files. On this computer, this does:').waitFor();
    await panel.getByText('intermachine export --type LOAD --out messages.jsonl').waitFor();
    expect(await panel.getByRole('button', { name: 'Save to a file' }).count()).toBe(0);
  });

  test('whoever chooses no file goes on as before; a node that fails says why', async () => {
    const { page } = await open({ picks: 'none' });
    await save(page);
    await page.getByRole('button', { name: 'Save to a file' }).waitFor();
    expect(await page.locator('.export-panel [role=alert]').count()).toBe(0);
    const next = async () => {
      throw new InterMachineError('STORE_FAILED', 'The disk <b>is</b> on fire');
    };
    const failing = await open({ picks: 'a file', streams: { export: () => ({ next, stop: () => {} }) } });
    await save(failing.page);
    await failing.page.getByText('Nothing was saved: The disk <b>is</b> on fire').waitFor();
    expect(await savedIn(failing.page)).toBe('');
  });
});
