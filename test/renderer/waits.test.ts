import { describe, expect, test } from 'vitest';
import { Traffic } from '../../renderer/src/pages/overview/traffic.ts';
import { waitOf } from '../../renderer/src/pages/overview/waits.ts';
import type { MachineView, MessageView } from '../../shared/api.ts';
import type { Address } from '../../shared/ids.ts';

const machine = (id: string, type: string, state: string, more: Partial<MachineView> = {}) =>
  ({ address: `im://n/${id}`, id, type, state, reachable: true, status: 'active', ...more }) as MachineView;
const line = (...machines: MachineView[]): ReadonlyMap<Address, MachineView> =>
  new Map(machines.map((one) => [one.address, one]));
const sent = (from: MachineView, to: MachineView, status: string, loggedAt = 10_000, place = 1) =>
  ({
    from: from.address,
    to: to.address,
    status,
    loggedAt,
    eventType: 'LOAD',
    place,
    id: `m${place}`,
    direction: 'out',
  }) as MessageView;

const robot = machine('Robot_1', 'Robot', 'waitingForPress');
const press = machine('Press_1', 'Press', 'pressing');
const other = machine('Press_2', 'Press', 'open');

describe('who waits for whom', () => {
  test('the name of a state tells the type, and the only machine of it is meant', () => {
    const wait = waitOf(robot, line(robot, press), undefined, 10_000);
    expect(wait).toMatchObject({ wanted: 'Press_1', target: { state: 'pressing' } });
  });

  test('of several the one that was asked is meant, else any', () => {
    expect(waitOf(robot, line(robot, press, other), undefined, 10_000)).toMatchObject({ wanted: 'any Press' });
    const wait = waitOf(robot, line(robot, press, other), sent(robot, other, 'ignored'), 10_100);
    expect(wait).toMatchObject({ wanted: 'Press_2', event: { type: 'LOAD', fate: 'ignored' } });
  });

  test.each(['work.waiting_for_press', 'door.open, wait-for-press', 'waitForPress', 'WAITING_FOR_PRESS'])(
    'the state "%s" waits',
    (state) => {
      expect(waitOf({ ...robot, state }, line(robot, press), undefined, 0)?.wanted).toBe('Press_1');
    },
  );

  test.each(['waiter', 'idle', 'running.fast', 'awaiting.press', ''])('the state "%s" does not wait', (state) => {
    expect(waitOf({ ...robot, state }, line(robot, press), undefined, 0)).toBeUndefined();
  });

  test('a state that is just "waiting" waits for whom the machine asked', () => {
    const waiting = { ...robot, state: 'waiting' };
    expect(waitOf(waiting, line(waiting, press), undefined, 0)).toMatchObject({ wanted: 'something' });
    expect(waitOf(waiting, line(waiting, press), sent(waiting, press, 'ignored'), 10_100)?.target).toBe(press);
  });

  test('an event that was just ignored is waited for, an old one is not', () => {
    const busy = machine('Robot_1', 'Robot', 'carrying');
    const message = sent(busy, press, 'ignored', 10_000);
    expect(waitOf(busy, line(busy, press), message, 11_000)?.target).toBe(press);
    expect(waitOf(busy, line(busy, press), message, 99_000)).toBeUndefined();
  });

  test('an event is not undelivered the moment it is sent', () => {
    const busy = machine('Robot_1', 'Robot', 'carrying');
    const message = sent(busy, press, 'accepted', 10_000);
    expect(waitOf(busy, line(busy, press), message, 10_200)).toBeUndefined();
    expect(waitOf(busy, line(busy, press), message, 13_000)?.event?.fate).toBe('undelivered');
  });

  test('a machine that is away or done waits for nobody', () => {
    expect(waitOf({ ...robot, reachable: false }, line(robot, press), undefined, 0)).toBeUndefined();
    expect(waitOf({ ...robot, status: 'done' }, line(robot, press), undefined, 0)).toBeUndefined();
  });
});

describe('traffic', () => {
  test('a message that came live and in the first page of the log is counted once', () => {
    const traffic = new Traffic();
    const message = sent(robot, press, 'accepted', 59_000, 7);
    traffic.read({ rows: [message], outcomes: [], skipped: 2 }, 59_100);
    traffic.seed([message, sent(robot, press, 'handled', 58_500, 6)]);
    expect(traffic.rates(60_000).slice(-2)).toEqual([1, 3]);
  });

  test('an outcome that overtakes the log’s page is known', () => {
    const traffic = new Traffic();
    traffic.read({ rows: [], outcomes: [{ direction: 'out', id: 'm7', status: 'handled' }], skipped: 0 }, 1_000);
    traffic.seed([sent(robot, press, 'accepted', 900, 7)]);
    expect(traffic.newestFrom(robot.address)?.status).toBe('handled');
  });

  test('a burst between two machines is one passing with its count', () => {
    const burst = Array.from({ length: 50 }, (_, index) => sent(robot, press, 'accepted', 900, index + 1));
    const passings = new Traffic().read({ rows: burst, outcomes: [], skipped: 0 }, 1_000);
    expect(passings).toEqual([{ from: robot.address, to: press.address, count: 50, status: 'accepted' }]);
  });
});
