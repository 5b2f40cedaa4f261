import { expect, test } from 'vitest';
import { setMachoUuid } from '../../build/macho-uuid.ts';
import { fatOf, machoOf, SHARED_UUID } from './macho.ts';

/** Bytes before the UUID: header, the first command, the head of its own. */
const UUID_AT = 32 + 72 + 8;

test('the UUID becomes one of the application, and not another byte changes', () => {
  const program = machoOf();
  expect(program.subarray(UUID_AT, UUID_AT + 16)).toEqual(SHARED_UUID);
  expect(setMachoUuid(program, 'io.intermachine.desktop')).toBe(1);
  const uuid = Buffer.from(program.subarray(UUID_AT, UUID_AT + 16));
  expect(uuid).not.toEqual(SHARED_UUID);
  expect(uuid.toString('hex')).toMatch(/^[0-9a-f]{12}5[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
  expect(program).toEqual(machoOf(uuid));
});

test('the same application has the same UUID in each build, another one has another', () => {
  const [first, second, other] = [machoOf(), machoOf(), machoOf()];
  setMachoUuid(first, 'io.intermachine.desktop');
  setMachoUuid(second, 'io.intermachine.desktop');
  setMachoUuid(other, 'io.intermachine.other');
  expect(second).toEqual(first);
  expect(other).not.toEqual(first);
});

test('every program of a universal file gets one', () => {
  const file = fatOf([machoOf(), machoOf()]);
  expect(setMachoUuid(file, 'io.intermachine.desktop')).toBe(2);
  expect(file.includes(SHARED_UUID)).toBe(false);
});

test('what is no such program stays as it is', () => {
  for (const file of [Buffer.alloc(0), Buffer.from('#!/bin/sh\n'), Buffer.alloc(4096, 7)]) {
    const before = Buffer.from(file);
    expect(setMachoUuid(file, 'x')).toBe(0);
    expect(file).toEqual(before);
  }
});

test('a load command without a length is an error, not an endless search', () => {
  const program = machoOf();
  program.writeUInt32LE(0, 32 + 4);
  expect(() => setMachoUuid(program, 'x')).toThrow('load command 0 of the program says it has 0 bytes');
});
