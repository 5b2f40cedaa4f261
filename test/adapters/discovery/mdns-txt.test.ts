import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeTxt, encodeTxt } from '../../../main/adapters/discovery/mdns-txt.ts';
import { isName } from '../../../shared/ids.ts';
import { announcementOf, nodeOf } from '../../support/discovery.ts';

const texts = (strings: readonly Buffer[]) => strings.map(String);
const bytesOf = (strings: readonly Uint8Array[]) => strings.reduce((sum, string) => sum + string.length + 1, 0);
const valid = [
  'v=1',
  `id=${nodeOf('peer')}`,
  'name=kitchen',
  'inc=3',
  'rev=0',
  'ns=namespace-1',
  't=Ping,Pong',
] as const;
const decode = (...strings: readonly (string | Buffer)[]) => decodeTxt(strings.map((string) => Buffer.from(string)));
const types = fc.uniqueArray(fc.string({ unit: 'binary', minLength: 1, maxLength: 50 }).filter(isName), {
  maxLength: 60,
});

describe('The TXT record', () => {
  test('is written as the protocol says', () => {
    const self = announcementOf('one', { incarnation: 1_764_000_000, revision: 3, types: ['Ping', 'Pong'] });
    expect(texts(encodeTxt(self))).toEqual([
      'v=1',
      `id=${self.node}`,
      'name=node one',
      'inc=1764000000',
      'rev=3',
      'ns=namespace-1',
      't=Ping,Pong',
    ]);
  });

  test('goes on in t2 and t3 where one string is full', () => {
    const many = Array.from({ length: 12 }, (_, at) => `${at}`.padStart(2, '0').padEnd(45, 'x'));
    const strings = texts(encodeTxt(announcementOf('one', { types: many }))).filter((text) => /^t\d?=/.test(text));
    expect(strings.map((text) => text.split('=')[0])).toEqual(['t', 't2', 't3']);
  });

  test('names only the number of types that have more than 600 bytes', () => {
    const many = Array.from({ length: 40 }, (_, at) => `Type_${at}_${'x'.repeat(20)}`);
    const strings = encodeTxt(announcementOf('one', { types: many }));
    expect(texts(strings)).toContain('n=40');
    expect(texts(strings).some((text) => /^t\d*=/.test(text))).toBe(false);
    expect(decodeTxt(strings)).not.toHaveProperty('types');
  });

  test('reads what it wrote, within the bounds, whatever the names', () => {
    fc.assert(
      fc.property(types, fc.string({ unit: 'binary', maxLength: 100 }), fc.maxSafeNat(), (names, name, number) => {
        const self = announcementOf('one', { types: names, name, incarnation: number, revision: number });
        const strings = encodeTxt(self);
        for (const string of strings) expect(string.length).toBeLessThanOrEqual(255);
        expect(bytesOf(strings)).toBeLessThanOrEqual(900);
        const read = decodeTxt(strings);
        expect(read).toMatchObject({
          node: self.node,
          incarnation: number,
          revision: number,
          namespace: 'namespace-1',
        });
        if (read?.types) expect(read.types).toEqual(names);
        else expect(texts(strings)).toContain(`n=${names.length}`);
      }),
      { seed: 20261123, numRuns: 300 },
    );
  });

  test('a long name is cut between two characters', () => {
    const [name] = texts(encodeTxt(announcementOf('one', { name: '\u{1F3ED}'.repeat(30) }))).filter((text) =>
      text.startsWith('name='),
    );
    expect(name).toBe(`name=${'\u{1F3ED}'.repeat(15)}`);
  });

  test('any bytes at all are read or left alone, never thrown at', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 255 }), { maxLength: 20 }), (strings) => {
        decodeTxt(strings);
      }),
      { seed: 20261123, numRuns: 500 },
    );
  });

  test('keys that we do not know, empty strings and upper-case keys are fine', () => {
    expect(decode(...valid.slice(1), 'V=1', '', 'future=yes', 'empty=')).toMatchObject({ types: ['Ping', 'Pong'] });
  });

  test('another version is read all the same', () => {
    expect(decode('v=2', ...valid.slice(1))).toMatchObject({ node: nodeOf('peer') });
  });

  const without = (key: string) => valid.filter((string) => !string.startsWith(`${key}=`));
  test.each<[string, readonly (string | Buffer)[]]>([
    ['no strings', []],
    ['no id', without('id')],
    ['an id of 51 characters', [...without('id'), `id=${nodeOf('peer').slice(1)}`]],
    ['an id with a digit that base32 does not have', [...without('id'), `id=${'1'.repeat(52)}`]],
    ['no version', without('v')],
    ['no incarnation', without('inc')],
    ['a negative incarnation', [...without('inc'), 'inc=-1']],
    ['an incarnation of 1e999', [...without('inc'), 'inc=1e999']],
    ['an incarnation above 2^53', [...without('inc'), 'inc=9007199254740992']],
    ['no revision', without('rev')],
    ['no namespace', without('ns')],
    ['a key twice', [...valid, 'id=other']],
    ['a key twice in another case', [...valid, 'ID=other']],
    ['a key without "="', [...valid, 'boolean']],
    ['an empty key', [...valid, '=value']],
    ['bytes that are not UTF-8', [...valid, Buffer.from([0x78, 0x3d, 0xff, 0xfe])]],
    ['more than 1,300 bytes', [...valid, ...Array.from({ length: 6 }, (_, at) => `x${at}=${'y'.repeat(250)}`)]],
    ['a name of 64 bytes', [...without('name'), `name=${'x'.repeat(64)}`]],
    ['a type with a control character', [...without('t'), 't=Ping,Po\u0007ng']],
    ['an empty type', [...without('t'), 't=Ping,,Pong']],
    ['a type of 51 characters', [...without('t'), `t=${'x'.repeat(51)}`]],
  ])('with %s is ignored', (_, strings) => {
    expect(decode(...valid)).toBeDefined();
    expect(decode(...strings)).toBeUndefined();
  });

  test('a name is text: markup stays as it is, control characters cannot steer a terminal', () => {
    const name = '<b>\u001b[31m\n\u202e';
    expect(decode(...without('name'), `name=${name}`)?.name).toBe('<b>\uFFFD[31m\uFFFD\uFFFD');
    expect(decode(...without('name'), 'name=')).not.toHaveProperty('name');
  });

  test('keys of Object.prototype mean nothing', () => {
    expect(decode(...valid, '__proto__=x', 'constructor=y')).toEqual(decode(...valid));
  });
});
