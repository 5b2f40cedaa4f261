import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

const outputOf = async (child: ChildProcess): Promise<unknown> => {
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child, 'close');
  return JSON.parse(output);
};
const argumentsOf = (name: string) => [RUN, name, join(home, name), KEY];
const io = { stdio: ['ignore', 'pipe', 'inherit'] as ['ignore', 'pipe', 'inherit'] };

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
