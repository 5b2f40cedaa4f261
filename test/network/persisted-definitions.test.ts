import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AnyStateMachine, assign, setup } from 'xstate';
import { MemoryDisk } from '../../main/adapters/store/memory-disk.ts';
import type { StoreState } from '../../main/core/ports.ts';
import type { RegisterOptions } from '../../main/core/registrator.ts';
import { machineId } from '../../shared/ids.ts';
import { type Started, World } from '../support/world.ts';

const base = setup({
  types: { context: {} as { count: number; limit?: number }, events: {} as { type: 'GO' } | { type: 'COUNT' } },
  actions: { count: assign({ count: ({ context }) => context.count + 1 }) },
});
const first = base.createMachine({
  context: { count: 0 },
  initial: 'idle',
  on: { COUNT: { actions: 'count' } },
  states: { idle: { on: { GO: 'busy' } }, busy: { after: { 10000: 'idle' } } },
});
/** The same states, and more. */
const second = base.createMachine({
  context: { count: 0, limit: 9 },
  initial: 'idle',
  on: { COUNT: { actions: 'count' } },
  states: { idle: { on: { GO: 'busy' } }, busy: { after: { 3000: 'late' } }, late: {} },
});
/** Its states have other names. */
const renamed = base.createMachine({
  context: { count: 0 },
  initial: 'resting',
  on: { COUNT: { actions: 'count' } },
  states: { resting: { on: { GO: 'working' } }, working: {} },
});

const M = machineId('Press_1');

class AgeingDisk extends MemoryDisk {
  /** From now on it does not have any more what machines left there. */
  isDamaged = false;

  override state(): StoreState {
    const state = super.state();
    if (!this.isDamaged) return state;
    return { ...state, snapshots: state.snapshots.map(({ machine }) => ({ machine, snapshot: null })) };
  }
}

let world: World;
let disk: AgeingDisk;
beforeEach(() => {
  world = new World();
  disk = new AgeingDisk();
});
afterEach(() => world.stop());

type Options = RegisterOptions<AnyStateMachine>;

async function start(machine: AnyStateMachine, options: Options = {}) {
  const started = await world.start('a', { disk });
  const press = await world.after(started.node.register('Press', machine, { persist: true, ...options }));
  await world.settle();
  return { ...started, press, now: () => press.actor.getSnapshot() };
}

/** One that was left busy after three counts, by version 1.0.0 unless told. */
async function leftBusy(options: Options = {}): Promise<void> {
  const started = await start(first, options);
  for (const type of ['COUNT', 'COUNT', 'GO', 'COUNT']) await world.after(started.node.sendTo(M, { type }));
  world.kill(started);
}

const parkedReason = ({ problems }: Started): string => problems.filter((each) => each.includes('is parked')).join();

describe('F8: a persisted machine whose definition is another one', () => {
  test('goes on where the state that it is in is still there, with what is new, and the delays of that state as they are now', async () => {
    await leftBusy();
    const { now } = await start(second, { version: '1.1.0' });
    expect([now().value, now().context]).toEqual(['busy', { count: 3, limit: 9 }]);
    await world.advance(2_900);
    expect(now().value).toBe('busy');
    await world.advance(200);
    expect(now().value).toBe('late');
  });

  test('is parked where that state is gone, says why and what to do, and gets what was sent meanwhile when it begins anew', async () => {
    await leftBusy();
    const started = await start(renamed, { version: '2.0.0' });
    const { node, now } = started;
    expect(parkedReason(started)).toContain(
      'its state, left by version 1.0.0, does not fit version 2.0.0: its state "busy" is gone. Register it with "migrate"',
    );
    expect(parkedReason(started)).toContain('intermachine restart Press_1 --fresh');
    expect(node.machine(M)).toMatchObject({ running: false, healthy: false });
    const sending = node.sendTo(M, { type: 'COUNT' });
    await world.settle();
    expect(() => node.restartMachine(M)).toThrow(expect.objectContaining({ code: 'MACHINE_STOPPED' }));
    node.restartMachine(M, { fresh: true });
    await world.settle();
    expect((await world.after(sending)).status).not.toBe('refused');
    expect([now().value, now().context]).toEqual(['resting', { count: 1 }]);
    expect(node.machine(M)).toMatchObject({ running: true, healthy: true });
  });

  test('stays as it was stored while it is parked: under its old definition it goes on', async () => {
    await leftBusy();
    const other = await start(renamed, { version: '2.0.0' });
    await world.settle();
    world.kill(other);
    const { now } = await start(first);
    expect([now().value, now().context.count]).toEqual(['busy', 3]);
  });

  test('goes on from what its migration makes of it', async () => {
    await leftBusy();
    const { now } = await start(renamed, {
      version: '2.0.0',
      migrate: (snapshot, fromVersion) => {
        expect(fromVersion).toBe('1.0.0');
        return Object.assign({}, snapshot, { value: 'working' });
      },
    });
    expect([now().value, now().context.count]).toEqual(['working', 3]);
  });

  test.each<[string, NonNullable<Options['migrate']>]>([
    [
      'throws',
      () => {
        throw new Error('it knows no way');
      },
    ],
    ['makes what does not fit', (snapshot) => Object.assign({}, snapshot, { value: 'nowhere' })],
    ['makes nothing', () => undefined as never],
  ])('is parked where its migration %s', async (_, migrate) => {
    await leftBusy();
    const started = await start(renamed, { version: '2.0.0', migrate });
    expect(parkedReason(started)).toContain('does not fit version 2.0.0');
  });

  test('is parked where a newer version left its state', async () => {
    await leftBusy({ version: '3.0.0' });
    const started = await start(first, { version: '2.0.0' });
    expect(parkedReason(started)).toContain('left by version 3.0.0, does not fit version 2.0.0: what is newer');
  });

  test.each([
    ['no JSON', '{"format":1,'],
    ['nothing', ''],
    ['another value', '7'],
    ['a newer format', '{"format":2,"version":"1.0.0"}'],
    ['a part of it', '{"format":1,"version":"1.0.0","definition":"x","at":1,"delays":[]}'],
    ['no snapshot', '{"format":1,"version":"1.0.0","definition":"x","at":1,"snapshot":{},"delays":[]}'],
    [
      'a state that there never was',
      '{"format":1,"version":"1.0.0","definition":"x","at":1,"snapshot":{"status":"active","value":"x","context":{},"children":{},"historyValue":{}},"delays":[]}',
    ],
  ])('is parked where what is stored is %s, start after start, and the node runs', async (_, snapshot) => {
    await leftBusy();
    disk.apply([{ type: 'snapshot', machine: M, snapshot }]);
    for (let starts = 1; starts <= 3; starts++) {
      const started = await start(first);
      expect(parkedReason(started)).toContain('does not fit');
      world.kill(started);
    }
    const { node, now } = await start(first);
    node.restartMachine(M, { fresh: true });
    await world.settle();
    await world.after(node.sendTo(M, { type: 'COUNT' }));
    expect(now().context.count).toBe(1);
  });

  test('is parked where the disk did not keep what is stored, says so and what to do, and begins anew only when told', async () => {
    await leftBusy();
    disk.isDamaged = true;
    for (let starts = 1; starts <= 2; starts++) {
      const started = await start(first);
      expect(parkedReason(started)).toMatch(
        /its stored state is damaged on the disk\. Stop the node and restore a backup, or let it begin anew: intermachine restart Press_1 --fresh$/,
      );
      expect(started.node.machine(M)).toMatchObject({ running: false, healthy: false });
      world.kill(started);
    }
    const { node, now } = await start(second, { version: '2.0.0', migrate: () => expect.unreachable() });
    const sending = node.sendTo(M, { type: 'COUNT' });
    await world.settle();
    expect(() => node.restartMachine(M)).toThrow(expect.objectContaining({ code: 'STATE_DAMAGED' }));
    node.restartMachine(M, { fresh: true });
    await world.settle();
    expect((await world.after(sending)).status).not.toBe('refused');
    expect([now().value, now().context.count]).toEqual(['idle', 1]);
  });

  test('that was not persisted before begins, and one that is not persisted any more leaves no state behind', async () => {
    await leftBusy();
    const plain = await start(first, { persist: false });
    expect(plain.now().value).toBe('idle');
    world.kill(plain);
    expect((await start(first)).now().value).toBe('idle');
  });

  test.each([
    ['persisted', { persist: true }],
    ['not persisted', {}],
  ])('is told by its type and the time of its state when another type, %s, erases it', async (_, options) => {
    await leftBusy();
    const { node, problems } = await world.start('a', { disk });
    const other = await world.after(node.register('Other', first, { id: M, ...options }));
    await world.settle();
    expect(other.actor.getSnapshot().value).toBe('idle');
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(
      /^machine "Press_1" was of type "Press" and is of type "Other" now: the state that it had, of 20\d\d-\S+Z, was erased/,
    );
    await world.after(node.unregister(M));
    await world.after(node.register('Third', first, { id: M }));
    expect(problems).toHaveLength(1);
  });

  test('whose damaged state another type erases is told without its time, and one of another type that had none not at all', async () => {
    await leftBusy();
    disk.apply([{ type: 'snapshot', machine: M, snapshot: '{' }]);
    const { node, problems } = await world.start('a', { disk });
    await world.after(node.register('Other', first, { id: M }));
    await world.after(node.register('Plain', first, { id: 'P' }));
    node.release('P');
    await world.after(node.register('Fancy', first, { id: 'P' }));
    expect(problems).toEqual([expect.stringContaining('the state that it had was erased')]);
  });

  test('restarted by hand it goes on from its last step, or from its beginning when told', async () => {
    const { node, now } = await start(first);
    await world.after(node.sendTo(M, { type: 'COUNT' }));
    node.restartMachine(M);
    await world.settle();
    expect(now().context.count).toBe(1);
    node.restartMachine(M, { fresh: true });
    await world.settle();
    expect(now().context.count).toBe(0);
  });
});
