import { afterEach, beforeEach, expect, test } from 'vitest';
import { fromCallback, fromObservable, fromPromise, fromTransition, toPromise } from 'xstate';
import { LocalMachineRegistrator } from '../../main/index.ts';

let registrator: LocalMachineRegistrator;
beforeEach(() => {
  registrator = new LocalMachineRegistrator({ report: () => {} });
});
afterEach(() => registrator.stop());

/** Resolves with why the machine ended. */
const endOf = (address: string) =>
  new Promise<string>((resolve) => {
    registrator.monitor(address, ({ reason }) => resolve(reason));
  });

test('a promise is hosted until it is settled', async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const machine = await registrator.register(
    'Job',
    fromPromise(() => promise),
  );
  const end = endOf(machine.address);
  expect(registrator.discoverByType('Job')).toHaveLength(1);
  resolve(7);
  expect(await toPromise(machine.actor)).toBe(7);
  expect(await end).toBe('stopped');
  expect(registrator.typeExists('Job')).toBe(false);
});

test('a promise that rejects is begun anew', async () => {
  let tries = 0;
  const logic = fromPromise(async () => {
    if (++tries === 1) throw new Error('no answer');
    return tries;
  });
  await registrator.register('Job', logic, { supervision: { firstDelayMs: 1 } });
  await expect.poll(() => tries, { timeout: 10_000 }).toBe(2);
});

test('a callback handles whatever it is sent, and is ended when it is taken out', async () => {
  const got: string[] = [];
  const logic = fromCallback(({ receive }) => {
    receive(({ type }) => got.push(type));
    return () => got.push('ended');
  });
  const machine = await registrator.register('Line', logic);
  expect(await registrator.sendTo(machine.id, { type: 'ANY' })).toMatchObject({ status: 'handled' });
  await machine.unregister();
  expect(got).toEqual(['ANY', 'ended']);
});

test('an observable is watched by what it tells', async () => {
  let tell: (value: number) => void = () => {};
  const logic = fromObservable(() => ({
    subscribe(observer: unknown) {
      tell = (value) => (observer as { next(value: number): void }).next(value);
      return { unsubscribe: () => {} };
    },
  }));
  const machine = await registrator.register('Sensor', logic);
  const seen: unknown[] = [];
  using _ = registrator.watch(machine.address, ({ context }) => seen.push(context));
  tell(21);
  await expect.poll(() => seen.at(-1), { timeout: 10_000 }).toBe(21);
});

test('a transition function takes every event', async () => {
  const machine = await registrator.register(
    'Counter',
    fromTransition((sum: number) => sum + 1, 0),
  );
  for (let n = 0; n < 3; n++) await registrator.sendTo(machine.id, { type: 'COUNT' });
  expect(machine.actor.getSnapshot().context).toBe(3);
  await expect(registrator.describe(machine.address)).rejects.toMatchObject({ code: 'NOT_A_MACHINE' });
});
