import { execFile, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readOrCreateKeyMaterial } from '../../../main/adapters/identity/file.ts';
import { followNetworkKey, NetworkKey, readOrCreateNetworkKey } from '../../../main/adapters/identity/network-key.ts';
import { until } from '../../support/transport/until.ts';

const run = promisify(execFile);
const MAKE_KEYS = fileURLToPath(new URL('../../support/transport/make-keys.ts', import.meta.url));
const onPosix = test.skipIf(process.platform === 'win32');

let directory: string;
let identityFile: string;
let keyFile: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'intermachine-'));
  identityFile = join(directory, 'identity.pem');
  keyFile = join(directory, 'network-key');
});

afterEach(() => rm(directory, { recursive: true }));

/** Either file, as both have to obey the same rules. */
const FILES = [
  ['identity', () => identityFile, readOrCreateKeyMaterial, 'IDENTITY_INVALID'],
  ['network key', () => keyFile, readOrCreateNetworkKey, 'NETWORK_KEY_INVALID'],
] as const;

test('a node keeps its id and its key over restarts', async () => {
  const first = await readOrCreateKeyMaterial(identityFile);
  const second = await readOrCreateKeyMaterial(identityFile);
  expect([second.node, second.key]).toEqual([first.node, first.key]);
});

test('a user keeps the network key over restarts', async () => {
  const first = await readOrCreateNetworkKey(keyFile);
  expect((await readOrCreateNetworkKey(keyFile)).reveal()).toBe(first.reveal());
});

test('a network key written by hand is taken', async () => {
  const key = NetworkKey.random();
  await writeFile(keyFile, `  ${key.reveal().toUpperCase()}\r\n`, { mode: 0o600 });
  expect((await readOrCreateNetworkKey(keyFile)).reveal()).toBe(key.reveal());
});

test('twelve processes that start at once end with one network key and one node id', async () => {
  const starts = Array.from({ length: 12 }, () => run(process.execPath, [MAKE_KEYS, join(directory, 'deep', 'er')]));
  const said = (await Promise.all(starts)).map(({ stdout }) => stdout);
  expect(said[0]).toMatch(/^[a-z2-7]{26} [a-z2-7]{52}$/);
  expect(new Set(said).size).toBe(1);
  expect((await readdir(join(directory, 'deep', 'er'))).sort()).toEqual(['identity.pem', 'network-key']);
});

test('a process that is killed while it makes them leaves no half file', async () => {
  for (let round = 0; round < 8; round++) {
    const place = join(directory, String(round));
    const child = spawn(process.execPath, [MAKE_KEYS, place], { stdio: 'ignore' });
    const gone = once(child, 'exit');
    // As soon as anything shows up: a draft, or one of the two files.
    const written = () => (existsSync(place) ? readdirSync(place).length : 0);
    // As soon as a draft shows up, or what follows it.
    await until('something is written', () => written() > round % 2 || child.exitCode !== null);
    child.kill('SIGKILL');
    await gone;
    await readOrCreateNetworkKey(join(place, 'network-key'));
    await readOrCreateKeyMaterial(join(place, 'identity.pem'));
  }
});

onPosix.each(FILES)('the %s file is made for its owner alone, whatever the umask', async (_, file, open) => {
  const before = process.umask(0);
  try {
    await open(file());
  } finally {
    process.umask(before);
  }
  expect((await stat(file())).mode & 0o777).toBe(0o600);
});

onPosix.each(FILES)(
  'a %s file that others can read is refused, with the command that cures it',
  async (_, file, open) => {
    await open(file());
    const text = await readFile(file(), 'utf8');
    for (const mode of [0o640, 0o604, 0o666]) {
      await chmod(file(), mode);
      await expect(open(file())).rejects.toMatchObject({
        code: 'IDENTITY_INVALID',
        message: expect.stringContaining(`chmod 600 '${file()}'`),
      });
    }
    await chmod(file(), 0o600);
    await open(file());
    expect(await readFile(file(), 'utf8')).toBe(text);
  },
);

test.each(FILES)('S: a %s file that is damaged is refused and left as it is', async (_, file, open, code) => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  const locked = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret',
  });
  await open(file());
  const whole = await readFile(file(), 'utf8');
  for (const text of [
    '',
    '\n',
    'hello',
    whole.slice(0, -30),
    whole.slice(20),
    `\u0000${whole.slice(1)}`,
    rsa,
    p384,
    ed25519,
    locked,
  ]) {
    await writeFile(file(), text);
    await expect(open(file()), String(text)).rejects.toMatchObject({ code, message: expect.stringContaining(file()) });
    expect(await readFile(file(), 'utf8')).toBe(text);
  }
});

test.each(FILES)('a %s file that is not a file, or far too large, is refused at once', async (_, file, open) => {
  await mkdir(file());
  await expect(open(file())).rejects.toMatchObject({ code: 'IDENTITY_INVALID' });
  await rm(file(), { recursive: true });
  await writeFile(file(), 'a'.repeat(100_000), { mode: 0o600 });
  await expect(open(file())).rejects.toMatchObject({ code: 'IDENTITY_INVALID' });
});

onPosix.each(FILES)('a %s file that is a pipe does not hang the start', async (_, file, open) => {
  await run('mkfifo', ['-m', '600', file()]);
  await expect(open(file())).rejects.toMatchObject({ code: 'IDENTITY_INVALID' });
});

onPosix.each(FILES)('a %s file that is a broken link is reported', async (_, file, open) => {
  await symlink(join(directory, 'nowhere'), file());
  await expect(open(file())).rejects.toMatchObject({ code: 'DATA_DIR_UNUSABLE' });
});

test.each(FILES)('where the directory of the %s cannot be made, the error says so', async (_, file, open) => {
  await writeFile(file(), 'a file where a directory is needed', { mode: 0o600 });
  const beneath = join(file(), 'deeper', 'file');
  await expect(open(beneath)).rejects.toMatchObject({
    code: 'DATA_DIR_UNUSABLE',
    message: expect.stringContaining(beneath),
  });
});

test('the network key’s file follows a change of key, and stays its owner’s alone', async () => {
  const old = await readOrCreateNetworkKey(keyFile);
  const fresh = NetworkKey.random();
  await followNetworkKey(keyFile, fresh, [old.id]);
  expect((await readOrCreateNetworkKey(keyFile)).id).toBe(fresh.id);
  if (process.platform !== 'win32') expect((await stat(keyFile)).mode & 0o077).toBe(0);
  expect(await readdir(directory)).toEqual(['network-key']);
});

test.each([NetworkKey.random().reveal(), 'what somebody wrote'])('but not where %s is in it', async (text) => {
  await writeFile(keyFile, text, { mode: 0o600 });
  await followNetworkKey(keyFile, NetworkKey.random(), [NetworkKey.random().id]);
  expect(await readFile(keyFile, 'utf8')).toBe(text);
});

test('and none is made where there is none', async () => {
  await followNetworkKey(keyFile, NetworkKey.random(), [NetworkKey.random().id]);
  expect(await readdir(directory)).toEqual([]);
});
