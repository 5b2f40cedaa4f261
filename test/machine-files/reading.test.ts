import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Folder } from '../support/machine-files.ts';

const LAMP = { type: 'Lamp', initial: 'off', states: { off: { on: { TOGGLE: 'on' } }, on: { on: { TOGGLE: 'off' } } } };
const JSON_TEXT = JSON.stringify(LAMP);
const isPosix = process.platform !== 'win32';

let folder: Folder;
beforeEach(async () => {
  folder = await Folder.make();
});
afterEach(() => folder.clear());

const utf16 = (text: string, order: 'le' | 'be', mark: boolean): Uint8Array => {
  const bytes = Buffer.from(mark ? `\uFEFF${text}` : text, 'utf16le');
  return order === 'le' ? bytes : bytes.swap16();
};

test('a file that is right has a definition and no problems', async () => {
  const { definition, problems } = await folder.load('lamp.json', LAMP);
  expect(problems).toEqual([]);
  expect(definition).toMatchObject({ type: 'Lamp', version: '1.0.0', metadata: {}, instances: 1 });
});

test.each([
  ['a byte order mark', Buffer.from(`\uFEFF${JSON_TEXT}`), /byte order mark/],
  ['UTF-16 with a mark, little end first', utf16(JSON_TEXT, 'le', true), /is UTF-16/],
  ['UTF-16 with a mark, big end first', utf16(JSON_TEXT, 'be', true), /is UTF-16/],
  ['UTF-16 without a mark', utf16(JSON_TEXT, 'le', false), /is UTF-16/],
  ['nothing', '', /is empty/],
  ['bytes that are no text', Buffer.from([0x7b, 0x0a, 0xff, 0x7d]), /not UTF-8/],
  [
    'one byte too many',
    `${JSON_TEXT}${' '.repeat(256 * 1024 - JSON_TEXT.length + 1)}`,
    /262,145 bytes; 262,144 are allowed/,
  ],
  ['half of a machine', JSON_TEXT.slice(0, 40), /ends here before it is complete/],
])('F2, F7: a file of %s is told', async (_, content, message) => {
  const { definition, problems } = await folder.load('lamp.json', content);
  expect(definition).toBeUndefined();
  expect(problems).toHaveLength(1);
  expect(problems[0]?.message).toMatch(message);
});

test('a file may be as large as is allowed', async () => {
  const { definition } = await folder.load('lamp.json', `${JSON_TEXT}${' '.repeat(256 * 1024 - JSON_TEXT.length)}`);
  expect(definition?.type).toBe('Lamp');
});

test('bytes that are no text are told with their line', async () => {
  const { problems } = await folder.load('lamp.json', Buffer.from([0x7b, 0x0a, 0x0a, 0xff, 0x7d]));
  expect(problems[0]).toMatchObject({ line: 3 });
});

test('a folder, and a file that is not there, are told', async () => {
  await mkdir(folder.file('folder.json'));
  expect((await folder.load('folder.json')).problems[0]?.message).toBe('is a folder');
  expect((await folder.load('nothing.json')).problems[0]?.message).toBe('does not exist');
  expect((await folder.load('lamp.txt', JSON_TEXT)).problems[0]?.message).toBe('has the ending ".txt"');
});

test.skipIf(!isPosix)('F7: a link is followed inside of its folder alone, and to no device', async () => {
  await mkdir(folder.file('inside'));
  await folder.write('inside/lamp.json', LAMP);
  await symlink('inside/lamp.json', folder.file('lamp.json'));
  await symlink('/etc/hostname', folder.file('out.json'));
  await symlink('/dev/zero', folder.file('zero.json'));
  await symlink('ring.json', folder.file('ring.json'));
  await symlink('nowhere.json', folder.file('dangling.json'));
  await symlink('inside', folder.file('dir.json'));
  expect((await folder.load('lamp.json')).definition?.type).toBe('Lamp');
  const messages = ['out.json', 'zero.json', 'ring.json', 'dangling.json', 'dir.json'].map(
    async (name) => (await folder.load(name)).problems[0]?.message,
  );
  expect(await Promise.all(messages)).toEqual([
    'is a link that leads out of its folder',
    'is a link that leads out of its folder',
    'is a link that leads to itself',
    'does not exist',
    'is a folder',
  ]);
});

test.skipIf(!isPosix)('a pipe is told at once, although nobody writes to it', async () => {
  execFileSync('mkfifo', [folder.file('pipe.json')]);
  expect((await folder.load('pipe.json')).problems[0]?.message).toMatch(/a device, a pipe or a socket/);
});

test.skipIf(!isPosix)('F7: a file without permission is told', async () => {
  await folder.write('lamp.json', LAMP);
  await chmod(folder.file('lamp.json'), 0o000);
  if (process.getuid?.() !== 0) {
    expect((await folder.load('lamp.json')).problems[0]?.message).toMatch(/may not be read/);
    return;
  }
  // Root may read everything: somebody else has to look.
  await chmod(folder.path, 0o755);
  const start = fileURLToPath(new URL('../../build/start.js', import.meta.url));
  const { stdout, status } = spawnSync(process.execPath, [start, 'check', '--json', folder.file('lamp.json')], {
    uid: 65_534,
    gid: 65_534,
    encoding: 'utf8',
  });
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    problems: [{ message: expect.stringMatching(/may not be read/) }],
  });
  expect(status).toBe(16);
});
