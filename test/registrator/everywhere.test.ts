import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalMachineRegistrator } from '../../main/index.ts';
import { createLan, type Lan, lanUnavailable } from '../support/lan.ts';
import { freeUdpPort } from '../support/udp-port.ts';
import { program } from './program.ts';

const RUN = fileURLToPath(new URL('./run-program.ts', import.meta.url));
const KEY = 'abcdefghijklmnopqrstuvwxya';
const TOLD = [
  'found 2 greeters',
  'connected with 1',
  'asked, and got WELCOME',
  'broadcast was handled',
  '2 are greeted',
  'goodbye was handled',
  'the other one stopped',
];

let home: string;
let lan: Lan | undefined;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'intermachine-test-'));
});
afterEach(async () => {
  await lan?.down();
  lan = undefined;
  await rm(home, { recursive: true, force: true });
});

/** What a run told; where it told nothing, what it complained of. */
const outputOf = async (child: ChildProcess): Promise<unknown> => {
  const [output, errors] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close')]);
  if (output === '') throw new Error(`the program failed: ${errors}`);
  return JSON.parse(output);
};
async function textOf(stream: Readable | null): Promise<string> {
  let text = '';
  for await (const chunk of stream?.setEncoding('utf8') ?? []) text += String(chunk);
  return text;
}
const argumentsOf = (name: string) => [RUN, name, join(home, name), KEY];
const io = { stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] };

test('one program runs on one registrator in one process', async () => {
  await using registrator = new LocalMachineRegistrator();
  expect(await Promise.all([program(registrator, 'one'), program(registrator, 'two')])).toEqual([TOLD, TOLD]);
});

test('it runs unchanged between two processes', async () => {
  const port = String(await freeUdpPort());
  const children = ['one', 'two'].map((name) => spawn(process.execPath, [...argumentsOf(name), port], io));
  expect(await Promise.all(children.map(outputOf))).toEqual([TOLD, TOLD]);
});

const noLan = lanUnavailable();
test.skipIf(noLan)(`it runs unchanged between two hosts${noLan ? `: ${noLan}` : ''}`, async () => {
  lan = createLan(2);
  const children = lan.hosts.map((host, at) => host.spawn(process.execPath, argumentsOf(['one', 'two'][at] ?? ''), io));
  expect(await Promise.all(children.map(outputOf))).toEqual([TOLD, TOLD]);
});
