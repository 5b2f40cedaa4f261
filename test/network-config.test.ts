import { describe, expect, test } from 'vitest';
import { configFrom, type NodeOptions } from '../main/config.ts';
import { LIMITS, TIMINGS } from '../main/core/defaults.ts';

const config = (options: NodeOptions = {}) => configFrom(options, {});

test('a variable that is empty is none: keys and data are not put into the working directory', () => {
  for (const variable of ['INTERMACHINE_HOME', 'XDG_DATA_HOME', 'LOCALAPPDATA'])
    expect(configFrom({}, { [variable]: '' }).home).toBe(config().home);
});

describe('what is announced in place of our own addresses', () => {
  test('is nothing unless told', () => {
    expect(config().advertise).toBeUndefined();
    expect(config({ advertise: [] }).advertise).toBeUndefined();
  });

  test.each<[readonly string[], object]>([
    [['192.0.2.7'], { hosts: ['192.0.2.7'] }],
    [['192.0.2.7:4000', 'fd00::7'], { hosts: ['192.0.2.7', 'fd00::7'], port: 4000 }],
    [['[fd00::7]:4000', '192.0.2.7:4000'], { hosts: ['fd00::7', '192.0.2.7'], port: 4000 }],
    [['[fd00::7]'], { hosts: ['fd00::7'] }],
  ])('%j is read', (advertise, read) => {
    expect(config({ advertise }).advertise).toEqual(read);
  });

  test.each<readonly string[]>([
    ['kitchen.local'],
    ['192.0.2.7:0'],
    ['192.0.2.7:70000'],
    ['192.0.2'],
    ['fd00::7:4000x'],
    ['[192.0.2.7]:1 2'],
    [''],
    ['192.0.2.7:1', '192.0.2.8:2'],
    Array(7).fill('192.0.2.7'),
  ])('%j is refused by its name', (...advertise) => {
    expect(() => config({ advertise })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(/^advertise: /) }),
    );
  });
});

describe('timings and limits', () => {
  test('have defaults, each of which can be set', () => {
    expect([config().timings, config().limits]).toEqual([TIMINGS, LIMITS]);
    expect(config({ timings: { heartbeatMs: 100, silenceMs: 300 }, limits: { connections: 8 } })).toMatchObject({
      timings: { ...TIMINGS, heartbeatMs: 100, silenceMs: 300 },
      limits: { ...LIMITS, connections: 8 },
    });
  });

  test.each<[NodeOptions, RegExp]>([
    [{ timings: { heartbeatMs: 2_000 } }, /silenceMs must be twice heartbeatMs/],
    [{ timings: { offlineMs: 1_000 } }, /offlineMs must not be less/],
    [{ timings: { lateDialMinMs: 1_000 } }, /lateDialMaxMs must not be less/],
    [{ timings: { redialFirstMs: 5_000 } }, /redialCeilingMs must not be less/],
    [{ timings: { heartbeatMs: 1 } }, /timings.heartbeatMs: from 10/],
    [{ timings: { heartbeatMs: 1.5 * 1_000.1 } }, /timings.heartbeatMs: whole milliseconds/],
    [{ timings: { heartbeatS: 1 } as object }, /heartbeatS/],
    [{ limits: { connections: 0 } }, /limits.connections: from 1/],
    [{ limits: { dials: 1_000 } }, /limits.dials: 100 at most/],
  ])('%j is refused with a sentence', (options, message) => {
    expect(() => config(options)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
    );
  });
});
