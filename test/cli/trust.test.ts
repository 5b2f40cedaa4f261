import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PairingView, TrustView } from '../../shared/api.ts';
import { CliPlace, type JsonProcess, type Told } from '../support/cli.ts';
import { programFile } from '../support/programs.ts';

// Two nodes of two users on one link, and the commands that each user has.

interface User {
  readonly home: string;
  readonly node: JsonProcess;
  readonly id: string;
  ask(...args: readonly string[]): Promise<Told>;
  /** A command that goes on and is answered line by line. */
  talk(...args: readonly string[]): JsonProcess & { say(text: string): void };
}

let place: CliPlace;
let anna: User;
let ben: User;

beforeAll(async () => {
  place = await CliPlace.make();
  [anna, ben] = [await user('anna'), await user('ben')];
  await until(anna, ({ strangers }) => strangers.some(({ name }) => name === 'ben'));
  await until(ben, ({ strangers }) => strangers.some(({ name }) => name === 'anna'));
}, 60_000);
afterAll(() => place.clear());

async function user(name: string): Promise<User> {
  const home = join(place.home, name);
  place.variables.INTERMACHINE_HOME = home;
  const environment = place.environment;
  const node = place.node('--name', name);
  const { nodeId } = await node.line(({ event }) => event === 'ready');
  return {
    home,
    node,
    id: String(nodeId),
    ask: async (...args) => {
      place.variables.INTERMACHINE_HOME = home;
      return await place.ask(...args);
    },
    talk: (...args) => {
      const child = spawn(process.execPath, [programFile('intermachine'), ...args], {
        env: environment,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      const said = place.track(child);
      return Object.assign(said, { say: (text: string) => void child.stdin.write(`${text}\n`) });
    },
  };
}

const trustOf = async ({ ask }: User): Promise<TrustView> =>
  JSON.parse((await ask('trust', '--json')).output) as TrustView;

async function until(who: User, fits: (trust: TrustView) => boolean): Promise<TrustView> {
  for (let tries = 0; ; tries++) {
    const trust = await trustOf(who);
    if (fits(trust)) return trust;
    if (tries === 60) throw new Error(`it never came about: ${JSON.stringify(trust)}`);
  }
}

/** The last that was told of this peer is that it is so. */
async function untilPeer({ node }: User, other: string, state: string): Promise<void> {
  const isOf = ({ event, id }: { event: string; id?: unknown }) => event === 'peer' && id === other;
  const last = node.lines.findLastIndex(isOf);
  if (node.lines[last]?.state !== state) await node.line((line) => isOf(line) && line.state === state, { from: last });
}

const keyFileOf = async ({ home }: User) => (await readFile(join(home, 'network-key'), 'utf8')).trim();
const pairing = (stage: PairingView['stage']) => (line: { event: string; stage?: unknown }) =>
  line.event === 'pairing' && line.stage === stage;

// One after the other, on the same two nodes: starting them takes longer than all the rest.

test('what cannot be is said in a sentence, with a code', async () => {
  expect(await anna.ask('block', 'nobody')).toMatchObject({
    code: 17,
    errors: expect.stringContaining('No node "nobody"'),
  });
  expect(await anna.ask('join', 'my dog')).toMatchObject({
    code: 10,
    errors: expect.stringContaining('NETWORK_KEY_INVALID'),
  });
  expect(await anna.ask('pair', 'ben', '--code', '12')).toMatchObject({ code: 18 });
  expect(await anna.ask('join', 'x', '--alone', '--all')).toMatchObject({ code: 2 });
  expect(await anna.ask('trust', 'ben')).toMatchObject({ code: 1, errors: expect.stringContaining('ADDRESS_INVALID') });
}, 60_000);

test('two people compare digits; one of them says no, and nothing is paired', async () => {
  const atAnna = anna.talk('pair', 'ben', '--json');
  await atAnna.line(pairing('comparing'));
  const atBen = ben.talk('pair', '--json');
  await atBen.line(pairing('comparing'));
  atBen.say('no');
  expect(await atAnna.ended()).toBe(18);
  expect(atAnna.errors).toContain('it was ended there (PAIRING_FAILED)');
  expect(await keyFileOf(ben)).not.toBe(await keyFileOf(anna));
}, 60_000);

test('both say yes, and are in the network of the one who asked, with whatever the other starts from now on', async () => {
  const key = await keyFileOf(ben);
  const atBen = ben.talk('pair', 'anna', '--json');
  const shown = await atBen.line(pairing('comparing'));
  expect(shown.digits).toMatch(/^\d{6}$/);
  const atAnna = anna.talk('pair', '--json');
  expect((await atAnna.line(pairing('comparing'))).digits).toBe(shown.digits);
  atAnna.say('yes');
  atBen.say('y');
  expect([await atAnna.ended(), await atBen.ended()]).toEqual([0, 0]);
  await untilPeer(anna, ben.id, 'alive');
  expect(await keyFileOf(anna)).toBe(key);
}, 60_000);

test('the key is shown, and a fresh one reaches the other', async () => {
  const before = (await trustOf(anna)).keyId;
  expect(JSON.parse((await anna.ask('key', '--json')).output)).toEqual({ key: await keyFileOf(anna) });
  expect((await anna.ask('key', '--qr')).output).toMatch(/[█▀▄]{10}/);
  expect((await anna.ask('rotate')).output).not.toContain(before ?? '?');
  const { keyId } = await trustOf(anna);
  expect(await until(ben, (trust) => trust.keyId === keyId)).toMatchObject({ replaced: [{ keyId: before }] });
  expect(await keyFileOf(ben)).toBe(await keyFileOf(anna));
}, 60_000);

test('a node is blocked, unblocked, and a stranger then', async () => {
  expect((await anna.ask('block', 'ben')).output).toContain('ben is cut off');
  await untilPeer(anna, ben.id, 'blocked');
  expect(await trustOf(anna)).toMatchObject({ blocked: [{ id: ben.id, name: 'ben' }] });
  expect((await anna.ask('trust')).output).toContain(ben.id);
  expect((await anna.ask('pair', 'ben')).code).toBe(18);
  expect((await anna.ask('unblock', ben.id.slice(0, 8), '--json')).output).toBe(
    `${JSON.stringify({ event: 'unblocked', node: ben.id, name: 'ben' })}\n`,
  );
  await until(anna, ({ blocked, strangers }) => blocked.length === 0 && strangers.some(({ id }) => id === ben.id));
}, 60_000);

test('where a pairing is under way one hears how to end it, and can', async () => {
  const showing = anna.talk('pair', '--json');
  await showing.line(pairing('showing'));
  expect(await anna.ask('pair')).toMatchObject({
    code: 19,
    errors: expect.stringContaining('intermachine pair --end'),
  });
  expect(await anna.ask('pair', '--end')).toMatchObject({ code: 0, errors: '' });
  expect(await showing.ended()).toBe(18);
  expect((await trustOf(anna)).pairing).toBeUndefined();
}, 60_000);

test.skipIf(process.platform === 'win32').each(['SIGTERM', 'SIGHUP'] as const)(
  'a code is worth nothing once the command that shows it was ended by %s',
  async (signal) => {
    const showing = anna.talk('pair', '--json');
    await showing.line(pairing('showing'));
    showing.child.kill(signal);
    expect(await showing.ended()).toBe(signal === 'SIGTERM' ? 143 : 129);
    expect((await trustOf(anna)).pairing?.stage).not.toBe('showing');
  },
  60_000,
);

test('by a code that is typed at the other it is let in again', async () => {
  const atAnna = anna.talk('pair', '--json');
  const { code } = await atAnna.line(pairing('showing'));
  const wrong = await ben.ask('pair', 'anna', '--alone', '--code', code === '11111111' ? '11111112' : '11111111');
  expect(wrong).toMatchObject({ code: 18, errors: expect.stringContaining('The code is wrong') });
  const right = await ben.ask(
    'pair',
    'anna',
    '--alone',
    '--code',
    `${String(code).slice(0, 4)} ${String(code).slice(4)}`,
  );
  expect(right).toMatchObject({ code: 0, output: expect.stringContaining('Paired with anna') });
  expect(await atAnna.ended()).toBe(0);
  await untilPeer(ben, anna.id, 'alive');
}, 60_000);

test('a node joins by a key on standard input, and two ids that trust each other need none', async () => {
  const key = 'abcdefghijklmnopqrstuvwxya';
  const joining = ben.talk('join', '-', '--alone', '--json');
  joining.say(key);
  joining.child.stdin?.end();
  await joining.line(({ event }) => event === 'joined');
  await untilPeer(anna, ben.id, 'untrusted');
  // Those that were left behind keep theirs.
  expect(await keyFileOf(ben)).not.toBe(key);
  expect((await anna.ask('trust', ben.id)).code).toBe(0);
  expect((await ben.ask('trust', ...(anna.id.match(/.{1,13}/g) ?? []))).code).toBe(0);
  await untilPeer(anna, ben.id, 'alive');
  expect((await anna.ask('trust', 'ben', '--revoke')).code).toBe(0);
  expect(await trustOf(anna)).toMatchObject({ trusted: [] });
}, 60_000);
