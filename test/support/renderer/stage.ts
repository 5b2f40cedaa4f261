import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import { launchChromium } from '../chromium.ts';
import { type FakeNode, type FakeNodeOptions, startFakeNode } from './fake-node.ts';
import type { FakeWorld } from './fake-world.ts';

export interface Opened {
  readonly page: Page;
  readonly node: FakeNode;
  /** What the page complained about: thrown errors, and breaches of its policy. */
  readonly complaints: readonly string[];
}

export interface OpenOptions extends FakeNodeOptions {
  readonly hash?: string;
  readonly size?: { readonly width: number; readonly height: number };
  readonly theme?: 'light' | 'dark';
  readonly reducedMotion?: boolean;
}

export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** The built page in a real browser, once for the tests of one file. */
export class Stage {
  readonly #browser: Browser;
  #opened: { readonly node: FakeNode; readonly context: BrowserContext }[] = [];

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  async open(world: FakeWorld, options: OpenOptions = {}): Promise<Opened> {
    const node = await startFakeNode(world, options);
    const context = await this.#browser.newContext({
      viewport: options.size ?? DESKTOP,
      colorScheme: options.theme ?? 'light',
      reducedMotion: options.reducedMotion ? 'reduce' : 'no-preference',
    });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: node.url });
    this.#opened.push({ node, context });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      // That a request failed is what tests of a lost node are about.
      if (message.type() === 'error' && !/WebSocket|Failed to load resource/.test(message.text()))
        complaints.push(message.text());
    });
    await page.goto(node.url + (options.hash ?? ''));
    return { page, node, complaints };
  }

  /** After each test. */
  async clear(): Promise<void> {
    for (const { node, context } of this.#opened) {
      await context.close();
      await node.stop();
    }
    this.#opened = [];
  }

  async close(): Promise<void> {
    await this.clear();
    await this.#browser.close();
  }
}

export const raiseStage = async (): Promise<Stage> => new Stage(await launchChromium());

/** Asks until the answer is as expected; generous, as a browser on a busy host is slow. */
export const eventually = <Value>(ask: () => Promise<Value> | Value) => expect.poll(ask, { timeout: 10_000 });
