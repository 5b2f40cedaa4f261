import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { activeStates } from '../../main/core/chart.ts';
import { machineHref } from '../../renderer/src/router.ts';
import type { Chart } from '../../shared/api.ts';
import { launchChromium, noChromium } from '../support/chromium.ts';
import { type FakeNode, startFakeNode } from '../support/renderer/fake-node.ts';
import { FakeWorld } from '../support/renderer/fake-world.ts';
import { buildPage } from './browser.ts';
import { cell, many } from './machines.ts';
import { type Running, run } from './running.ts';

if (noChromium) console.log(`a machine's page is not tested: ${noChromium}`);

let browser: Browser;
let files: string;
let world: FakeWorld;
let node: FakeNode;
let page: Page;
/** Awaits a condition. The bound is generous: other tests may keep the processor busy. */
const eventually = <Value>(read: () => Value) => expect.poll(read, { timeout: 15_000, interval: 30 });

/** What the page's own code complained of: its policy, its scripts. */
let complaints: string[];

describe.skipIf(noChromium)("a machine's page", () => {
  beforeAll(async () => {
    files = await mkdtemp(join(tmpdir(), 'intermachine-test-'));
    [browser] = await Promise.all([launchChromium(), buildPage(files)]);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    if (files) await rm(files, { recursive: true, force: true });
  });

  beforeEach(async () => {
    world = new FakeWorld('pressing');
    node = await startFakeNode(world, { files });
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      // Browsers ask for an icon, which this page has not.
      if (message.type() === 'error' && !message.text().includes('404')) complaints.push(message.text());
    });
  });

  afterEach(async () => {
    await page.close();
    await node.stop();
    expect(complaints).toEqual([]);
  });

  const open = (address: string) => page.goto(node.url + machineHref(address));

  async function openDrawn({ machine }: Pick<Running, 'machine'>): Promise<void> {
    await open(machine.address);
    await page.locator('.sc-world .sc-state').first().waitFor();
  }

  const answerWith = (running: Running) => {
    world.answer = (_, event) => ({ status: running.send(event) ? 'handled' : 'ignored' });
  };

  /** Ids of the states that are lit, of the drawing or of the outline. */
  const lit = (within: string) =>
    page
      .locator(`${within} [data-state].is-active`)
      .evaluateAll((all) => all.map((each) => (each as HTMLElement).dataset.state ?? '').sort());

  /** What axe finds. */
  async function seriousFaults(): Promise<readonly string[]> {
    // As the tools do it: a script tag would break the page's policy.
    await page.evaluate(axe.source);
    const found = await page.evaluate(async () => {
      const { axe } = window as never as {
        axe: { run(): Promise<{ violations: { impact: string; id: string }[] }> };
      };
      return (await axe.run()).violations;
    });
    return found.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id }) => id);
  }

  const lastEvents = () => page.locator('.sc-label.is-last .sc-event, .sc-row.is-last .sc-lead').allTextContents();

  const view = () => page.locator('.sc-world').getAttribute('transform');

  /** How far a place of the page is from the middle of the stage. */
  async function fromMiddle(of: Locator): Promise<number> {
    const [box, stage] = await Promise.all([of.boundingBox(), page.locator('.sc-stage').boundingBox()]);
    if (!box || !stage) throw new Error('nothing to be seen');
    return Math.hypot(
      box.x + box.width / 2 - stage.x - stage.width / 2,
      box.y + box.height / 2 - stage.y - stage.height / 2,
    );
  }

  test('lights the active states and the last transition while the machine runs', async () => {
    const machine = run(world, cell);
    await openDrawn(machine);
    const steps = ['START', 'SKIP', 'PART', 'PRESSED', 'PAUSE', 'RESUME', 'OPEN', 'AGAIN', 'STOP', 'RESET', 'CLOSE'];

    for (const type of steps) {
      machine.send({ type });
      const active = activeStates(machine.snapshot()).toSorted();
      await eventually(() => lit('.sc-world')).toEqual(active);
      await eventually(() => lit('.sc-outline')).toEqual(active);
      await eventually(async () => (await lastEvents()).map((text) => text.split(/[, ]/)[0])).toEqual([type]);
    }
  });

  test('runs light along the line that was just taken, but not for what happened before anybody looked', async () => {
    const machine = run(world, cell);
    machine.send({ type: 'START' });
    await openDrawn(machine);
    await eventually(lastEvents).toEqual(['START']);
    expect(await page.locator('.sc-glow').count()).toBe(0);

    machine.send({ type: 'SKIP' });

    await eventually(() => page.locator('.sc-glow').count()).toBe(1);
    const line = page.locator('.sc-transition.is-last .sc-line');
    expect(await page.locator('.sc-glow').getAttribute('d')).toBe(await line.getAttribute('d'));
  });

  test('moves nothing for those who want less motion', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const machine = run(world, cell);
    await openDrawn(machine);
    machine.send({ type: 'START' });

    await eventually(lastEvents).toEqual(['START']);
    expect(await page.locator('.sc-glow').count()).toBe(0);
  });

  test('draws every state and every transition of the machine, none of them outside its parent', async () => {
    const machine = run(world, cell);
    await openDrawn(machine);
    const chart = world.charts.get(machine.machine.address) as Chart;

    const drawn = await page
      .locator('.sc-world [data-transition]')
      .evaluateAll((all) => all.map((each) => (each as HTMLElement).dataset.transition));
    expect(new Set(drawn)).toEqual(new Set(chart.transitions.map(({ id }) => id)));
    const boxes = new Map(
      await page.locator('.sc-world .sc-state').evaluateAll((all) =>
        all.map((each) => {
          const { x, y, width, height } = (each.querySelector('.sc-shape') as Element).getBoundingClientRect();
          return [(each as HTMLElement).dataset.state ?? '', { x, y, right: x + width, bottom: y + height }] as const;
        }),
      ),
    );
    const check = (state: Chart['root']) => {
      const outer = boxes.get(state.id);
      if (!outer) throw new Error(`${state.id} is not drawn`);
      for (const child of state.children) {
        const inner = boxes.get(child.id);
        expect(inner && inner.x >= outer.x && inner.right <= outer.right).toBe(true);
        expect(inner && inner.y >= outer.y && inner.bottom <= outer.bottom).toBe(true);
        check(child);
      }
    };
    check(chart.root);
  });

  test('is moved and zoomed by keys, and shows all of it again with 0', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openDrawn(run(world, cell));
    const stage = page.locator('.sc-stage');
    await stage.focus();
    await page.keyboard.press('0');
    const root = page.locator('.sc-world .sc-state').first();
    await eventually(() => fromMiddle(root)).toBeLessThan(40);
    const all = await view();

    await page.keyboard.press('ArrowLeft');
    await eventually(view).not.toBe(all);
    const before = await root.boundingBox();
    await page.keyboard.press('+');
    await eventually(async () => (await root.boundingBox())?.width).toBeGreaterThan((before?.width ?? 0) * 1.2);
    await page.keyboard.press('-');
    await page.keyboard.press('ArrowDown');

    await page.keyboard.press('0');
    await eventually(view).toBe(all);
  });

  test('is moved and zoomed by the mouse: the place below it stays there', async () => {
    await openDrawn(run(world, cell));
    const stage = await page.locator('.sc-stage').boundingBox();
    const leaf = page.locator('[data-state="cell.work.idle"] > .sc-shape');
    const from = await leaf.boundingBox();
    if (!stage || !from) throw new Error('nothing to be seen');
    const [x, y] = [from.x + from.width / 2, from.y + from.height / 2];

    await page.mouse.move(x, y);
    await page.mouse.wheel(0, -300);
    await eventually(async () => (await leaf.boundingBox())?.width).toBeGreaterThan(from.width * 1.3);
    const zoomed = await leaf.boundingBox();
    expect((zoomed?.x ?? 0) + (zoomed?.width ?? 0) / 2).toBeCloseTo(x, 0);
    expect((zoomed?.y ?? 0) + (zoomed?.height ?? 0) / 2).toBeCloseTo(y, 0);

    await page.mouse.down();
    await page.mouse.move(x + 80, y + 50, { steps: 4 });
    await page.mouse.up();
    const dragged = await leaf.boundingBox();
    expect((dragged?.x ?? 0) - (zoomed?.x ?? 0)).toBeCloseTo(80, 0);
    expect((dragged?.y ?? 0) - (zoomed?.y ?? 0)).toBeCloseTo(50, 0);

    await page.getByRole('button', { name: 'Show all' }).click();
    await eventually(() => fromMiddle(page.locator('.sc-world .sc-state').first())).toBeLessThan(40);
  });

  test('is zoomed by two fingers: what is between them stays there', async () => {
    await openDrawn(run(world, cell));
    const leaf = page.locator('[data-state="cell.work.idle"] > .sc-shape');
    const before = await leaf.boundingBox();
    if (!before) throw new Error('nothing to be seen');
    const [x, y] = [before.x + before.width / 2, before.y + before.height / 2];
    const fingers = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', apart?: number) =>
      fingers.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: apart === undefined ? [] : [-1, 1].map((side, id) => ({ x: x + (side * apart) / 2, y, id })),
      });

    await touch('touchStart', 60);
    for (const apart of [70, 90, 120]) await touch('touchMove', apart);
    await touch('touchEnd');

    await eventually(async () => (await leaf.boundingBox())?.width).toBeGreaterThan(before.width * 1.8);
    const after = await leaf.boundingBox();
    expect(after?.width).toBeLessThan(before.width * 2.2);
    expect(Math.abs((after?.x ?? 0) + (after?.width ?? 0) / 2 - x)).toBeLessThan(4);
    expect(Math.abs((after?.y ?? 0) + (after?.height ?? 0) / 2 - y)).toBeLessThan(4);
  });

  test('centres a state on a double click, and never loses sight of the drawing', async () => {
    await openDrawn(run(world, cell));
    const leaf = page.locator('[data-state="cell.door.closed"] > .sc-shape');
    await page.getByRole('button', { name: 'Show all' }).click();
    await eventually(() => fromMiddle(page.locator('.sc-world .sc-state').first())).toBeLessThan(40);
    const before = await leaf.boundingBox();
    if (!before) throw new Error('nothing to be seen');
    await page.mouse.dblclick(before.x + before.width / 2, before.y + before.height / 2);
    await eventually(() => fromMiddle(leaf)).toBeLessThan(3);

    await page.mouse.down();
    await page.mouse.move(9_000, 400);
    await page.mouse.up();
    const root = await page.locator('[data-state="cell"] > .sc-shape').boundingBox();
    const stage = await page.locator('.sc-stage').boundingBox();
    if (!root || !stage) throw new Error('nothing to be seen');
    expect(root.x).toBeGreaterThan(before.x);
    expect(root.x).toBeLessThan(stage.x + stage.width - 40);
  });

  test('does not lay out again, nor move, when the link is lost and comes back', async () => {
    const machine = run(world, cell);
    await openDrawn(machine);
    await page.locator('.sc-stage').focus();
    await page.keyboard.press('+');
    const before = await view();
    await page
      .locator('.sc-world [data-state="cell"]')
      .evaluate((element) => element.setAttribute('data-mark', 'same'));

    node.cut();
    await eventually(() => node.opened()).toBe(2);
    machine.send({ type: 'START' });

    await eventually(lastEvents).toEqual(['START']);
    expect(await view()).toBe(before);
    expect(await page.locator('[data-state="cell"][data-mark="same"]').count()).toBe(1);
  });

  test('offers the events that the present state takes, sends one, and says what became of it', async () => {
    const machine = run(world, cell);
    answerWith(machine);
    await openDrawn(machine);

    await page.getByRole('button', { name: 'START', exact: true }).click();
    await page.getByLabel('Carries').fill('{ "part": 7 }');
    await page.getByRole('button', { name: 'Send', exact: true }).click();

    await page.locator('.send-result .badge', { hasText: 'handled' }).waitFor();
    expect(world.sent).toEqual([{ to: machine.machine.address, event: { type: 'START', part: 7 } }]);
    await eventually(() => page.getByTestId('state-text').textContent()).toBe('work.homing, door.closed');
    await page.getByRole('button', { name: 'SKIP', exact: true }).waitFor();
    expect(await page.getByRole('button', { name: 'START', exact: true }).count()).toBe(0);
    await page.locator('.last-messages li', { hasText: 'START' }).locator('.badge', { hasText: 'handled' }).waitFor();

    await page.getByRole('textbox', { name: 'Carries' }).fill('');
    await page.getByLabel('Event', { exact: true }).fill('UNHEARD');
    await page.keyboard.press('Enter');
    await page.locator('.send-result .badge', { hasText: 'ignored' }).waitFor();
  });

  test('says what is wrong with an event before it sends any, and shows a refusal with its code', async () => {
    const machine = run(world, cell);
    world.answer = () => ({ status: 'refused', code: 'MACHINE_BUSY' });
    await openDrawn(machine);
    const send = page.getByRole('button', { name: 'Send', exact: true });

    await send.click();
    await page.getByRole('alert').getByText('Say which event.').waitFor();
    await page.getByLabel('Event', { exact: true }).fill('START');
    await page.getByLabel('Carries').fill('{\n  "part" 7\n}');
    await page.getByText('Line 2, column 10:').waitFor();
    await send.click();
    expect(world.sent).toEqual([]);

    await page.getByLabel('Carries').fill('{}');
    await send.click();
    await page.locator('.send-result', { hasText: 'MACHINE_BUSY' }).waitFor();
    expect(world.sent).toHaveLength(1);
  });

  test('shows the context as a tree in which what changed lights up', async () => {
    const machine = run(world, cell);
    await openDrawn(machine);
    const parts = page.locator('.json-tree li', { hasText: 'parts' });
    await eventually(() => parts.textContent()).toBe('parts: 0');
    expect(await parts.locator('.tree-changed').count()).toBe(0);

    for (const type of ['START', 'SKIP', 'PART', 'PRESSED']) machine.send({ type });

    await eventually(() => parts.textContent()).toBe('parts: 1');
    expect(await parts.locator('.tree-changed').count()).toBe(1);
    expect(await page.locator('.tree-changed').count()).toBe(1);
    const fold = page.getByRole('button', { name: /^arm/ });
    expect(await fold.getAttribute('aria-expanded')).toBe('true');
    await fold.click();
    expect(await page.getByText('x: 0').count()).toBe(0);
  });

  test('greys out when the machine cannot be reached, keeps what was known, and goes on when it is back', async () => {
    const peer = world.addPeer('handling');
    const machine = run(world, cell, { on: peer });
    await openDrawn(machine);
    const { address } = machine.machine;
    await page.locator('.sc:not(.is-stale)').waitFor();

    world.changeMachine(address, { reachable: false });
    await page.locator('.sc.is-stale').waitFor();
    await page.getByText('handling cannot be reached').waitFor();
    expect(await lit('.sc-world')).toEqual(activeStates(machine.snapshot()).toSorted());

    world.changeMachine(address, { reachable: true });
    machine.send({ type: 'OPEN' });
    await page.locator('.sc:not(.is-stale)').waitFor();
    await eventually(lastEvents).toEqual(['OPEN']);

    world.removeMachine(address);
    await page.getByText('This machine is gone').waitFor();
    expect(await page.locator('.sc-world .sc-state').count()).toBeGreaterThan(10);
  });

  test('says so where there is no chart, and where there is no machine', async () => {
    const other = world.addMachine('clock_1', 'Clock', world.node);
    await open(other.address);
    await page.getByText('No statechart to draw').waitFor();

    await open(`im://${world.node.id}/nobody`);
    await page.getByText('No machine has this address').waitFor();
    await open('<b>no address</b>');
    await page.getByText('<b>no address</b>').waitFor();
  });

  test('shows hostile names as text, inside their boxes', async () => {
    const names = [
      '<img src=x onerror=window.hacked=1>',
      '\u001b[31mred',
      'safe\u202Egpj.exe',
      'long'.repeat(2_500),
      '"><script>window.hacked=1</script>',
      '__proto__x',
    ];
    const states = Object.fromEntries(
      names.map((name, index) => [
        name,
        {
          description: name,
          tags: [name],
          entry: [{ type: name }],
          on: {
            [names[(index + 1) % names.length] as string]: { target: `#n${(index + 1) % names.length}`, guard: name },
          },
          id: `n${index}`,
        },
      ]),
    );
    const logic = createMachine({ id: '<h1>x</h1>', initial: names[0], states } as never);
    const machine = run(
      world,
      logic.provide({ guards: Object.fromEntries(names.map((name) => [name, () => true])) } as never),
      { id: 'hostile_1', type: '<b>type</b>' },
    );
    await openDrawn(machine);

    expect(await page.evaluate(() => (window as never as { hacked?: number }).hacked)).toBeUndefined();
    expect(await page.locator('img, h1 h1, b').count()).toBe(0);
    await page.locator('.sc-title', { hasText: '<img src=x' }).waitFor();
    const drawn = (await page.locator('.sc-world text').allTextContents()).join('');
    expect(drawn).not.toContain('\u001b');
    expect(drawn).not.toContain('\u202e');
    const overflowing = await page.locator('.sc-leaf').evaluateAll(
      (boxes) =>
        boxes.filter((box) => {
          const { right } = (box.querySelector('.sc-shape') as Element).getBoundingClientRect();
          return [...box.querySelectorAll('text')].some((text) => text.getBoundingClientRect().right > right + 2);
        }).length,
    );
    expect(overflowing).toBe(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1440);
  });

  test('lists the states where there are too many to draw', async () => {
    const machine = run(world, many(20, 8));
    await open(machine.machine.address);

    await page.getByText('It has 821 states, too many for a picture').waitFor();
    await eventually(() => lit('.sc-outline')).toEqual(activeStates(machine.snapshot()).toSorted());
  });

  test('an update of 200 states changes classes and draws nothing anew', async () => {
    const machine = run(world, many(10, 4));
    await openDrawn(machine);
    await page.locator('.sc-world').evaluate((element) => {
      const seen = { added: 0, classes: 0 };
      Object.assign(window, { seen });
      new MutationObserver((changes) => {
        for (const { type, target, addedNodes } of changes) {
          if (type === 'attributes') seen.classes++;
          const isGlow = [...addedNodes].every((each) => (each as Element).classList?.contains('sc-glow'));
          if (type === 'childList' && !isGlow && target.parentElement) seen.added++;
        }
      }).observe(element, { subtree: true, childList: true, attributes: true, attributeFilter: ['class'] });
    });

    for (const type of ['NEXT', 'JUMP', 'NEXT']) {
      machine.send({ type });
      await eventually(() => lit('.sc-world')).toEqual(activeStates(machine.snapshot()).toSorted());
    }

    const seen = await page.evaluate(() => (window as never as { seen: { added: number; classes: number } }).seen);
    expect(seen.added).toBe(0);
    expect(seen.classes).toBeGreaterThan(20);
  });

  test('lists what a machine did that has a journal, newest first and page by page, and reads it again', async () => {
    const { machine } = run(world, cell);
    await openDrawn({ machine });
    const journal = page.getByRole('region', { name: 'Journal' });
    expect(await journal.count()).toBe(0);
    const row = (seq: number) => ({
      ...{ seq, at: 0, eventType: `E${seq}`, eventJson: `{"type":"E${seq}"}`, state: 'work.running' },
      from: seq % 2 === 0 ? machine.address : 'child sensor',
    });
    world.journal = Array.from({ length: 70 }, (_, n) => row(70 - n));
    world.setMachine({ ...machine, journaled: true });
    const items = journal.getByRole('listitem');
    await eventually(() => items.count()).toBe(30);
    const words = async (at: number) => (await items.nth(at).textContent())?.replace(/^[\d:]+/, '').trim();
    expect([await words(0), await words(1)]).toEqual([
      `E70 from ${machine.id}work.running`,
      'child sensor E69work.running',
    ]);
    await journal.getByRole('button', { name: 'Show more' }).click();
    await eventually(() => items.count()).toBe(70);
    expect(await journal.getByRole('button').count()).toBe(0);
    world.journal = [row(71), ...world.journal];
    await eventually(() => words(0)).toContain('E71');
    await eventually(seriousFaults).toEqual([]);
  });

  test('tells those who listen what it shows, and axe finds nothing serious', async () => {
    const machine = run(world, cell);
    await openDrawn(machine);
    const stage = page.getByRole('region', { name: 'Statechart' });
    expect(await stage.getByRole('img', { name: 'Statechart of cell' }).count()).toBe(1);
    expect(await page.locator('.sc-outline [aria-current="true"]').allTextContents()).toContain('idle');

    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.reload();
      await page.locator('.sc-world .sc-state').first().waitFor();
      expect(await seriousFaults()).toEqual([]);
    }
  });
});
