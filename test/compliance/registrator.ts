import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AnyActorLogic, waitFor } from 'xstate';
import type {
  MachineChange,
  MachineDown,
  MachineRegistrator,
  RegisteredMachine,
  RegisterOptions,
  RemoteSnapshot,
} from '../../main/index.ts';
import { type Command, Elsewhere } from '../support/registrator/driver.ts';
import { type clerk, type door, MACHINES, type MachineName } from '../support/registrator/machines.ts';

/** A registrator, and another one as far away as there can be: in the same process, on another node, in another process. */
export interface RegistratorPlace {
  readonly here: MachineRegistrator;
  /** Carries out a command elsewhere. */
  run(command: Command): Promise<unknown>;
  /** Lets a little time pass. */
  step(): Promise<void>;
  /** Lets so many milliseconds pass. Missing where time cannot be moved by hand. */
  pass?(milliseconds: number): Promise<void>;
  /** Elsewhere can no longer be reached. Missing where it is here. */
  lose?(): Promise<void>;
  /** `isSpent`: the test lost or stopped what it was given. */
  close(isSpent: boolean): Promise<void>;
}

/** What can be done in a place, beyond what can be done in each. */
export interface PlaceAbilities {
  /** `pass` is there. */
  readonly movesTime: boolean;
  /** Elsewhere is another node, and `lose` is there. */
  readonly hasOtherNode: boolean;
}

/** What every registrator must do. */
export function registratorSuite(
  name: string,
  { movesTime, hasOtherNode }: PlaceAbilities,
  openPlace: () => Promise<RegistratorPlace>,
): void {
  describe(`${name} as a registrator`, () => {
    let place: RegistratorPlace;
    let here: MachineRegistrator;
    let isSpent: boolean;

    beforeEach(async () => {
      place = await openPlace();
      here = place.here;
      isSpent = false;
    });
    afterEach(() => place.close(isSpent));

    const until = async (what: string, check: () => unknown): Promise<void> => {
      for (let n = 0; n < 3_000; n++) {
        if (await check()) return;
        await place.step();
      }
      throw new Error(`It did not come to this: ${what}`);
    };
    const settled = async <Result>(promise: Promise<Result>): Promise<Result> => {
      let isSettled = false;
      const note = () => {
        isSettled = true;
      };
      promise.then(note, note);
      await until('a promise is settled', () => isSettled);
      return await promise;
    };
    const register = <Name extends MachineName>(
      type: string,
      machine: Name,
      options: RegisterOptions<(typeof MACHINES)[Name]> = {},
    ): Promise<RegisteredMachine<(typeof MACHINES)[Name]>> =>
      settled(here.register(type, MACHINES[machine] as (typeof MACHINES)[Name], options));
    /** Registers elsewhere, and waits until it is known here. */
    const registerElsewhere = async (
      type: string,
      machine: MachineName,
      options: RegisterOptions<AnyActorLogic> = {},
    ): Promise<Elsewhere> => {
      const command: Command = { do: 'register', type, machine, options };
      const { id, address } = (await settled(place.run(command))) as { id: string; address: string };
      if (options.expose !== 'node') await until(`${id} is known here`, () => here.machine(address));
      return new Elsewhere({ id, address }, (more) => settled(place.run(more)));
    };
    const ids = (machines: readonly { readonly id: string }[]) => machines.map(({ id }) => id).sort();

    // ---- XStateNet-IM's own

    test('RegisterAndDiscoverByType: machines are found by their type, and by no other', async () => {
      const ping = await register('PingService', 'pinger');
      const pong = await registerElsewhere('PongService', 'ponger', { version: '2.1.0', metadata: { bay: '7' } });
      expect(here.discoverByType('PongService')).toMatchObject([
        {
          id: pong.id,
          address: pong.address,
          type: 'PongService',
          version: '2.1.0',
          metadata: { bay: '7' },
          reachable: true,
        },
      ]);
      expect(ids(here.discoverByType('PingService'))).toEqual([ping.id]);
      expect(here.discoverByType('pingservice')).toEqual([]);
      expect(here.machine(pong.address)).toMatchObject({ type: 'PongService' });
      expect(here.machine('nobody')).toBeUndefined();
    });

    test('AutoConnectSameType: machines of one type are linked when they register, both ways', async () => {
      const one = await register('Worker', 'crier');
      const two = await registerElsewhere('Worker', 'crier', { id: 'far' });
      const three = await register('Worker', 'crier', { id: 'near' });
      await registerElsewhere('Other', 'crier', { id: 'other' });
      expect(ids(one.connections())).toEqual(['far', 'near']);
      expect(ids(three.connections())).toEqual([one.id, 'far'].sort());
      await two.unregister();
      await until('the link is gone', () => one.connections().length === 1);
      expect(ids(one.connections())).toEqual(['near']);
    });

    test('DiscoverByPattern: patterns are anchored, and only * and ? mean more than themselves', async () => {
      for (const type of ['Service_Alpha_1', 'Service_Beta_1', 'Service_Alpha_12', 'My_Service_Alpha_1'])
        await registerElsewhere(type, 'ponger');
      await register('Service.Alpha_1', 'ponger');
      const types = (pattern: string) =>
        here
          .discoverByPattern(pattern)
          .map(({ type }) => type)
          .sort();
      expect(types('Service_*')).toEqual(['Service_Alpha_1', 'Service_Alpha_12', 'Service_Beta_1']);
      expect(types('*_ALPHA_?')).toEqual(['My_Service_Alpha_1', 'Service_Alpha_1']);
      expect(types('Service.*')).toEqual(['Service.Alpha_1']);
      expect(types('Service_(Alpha|Beta)_1')).toEqual([]);
      expect(types('Service')).toEqual([]);
      expect(types('*')).toHaveLength(5);
    });

    test('SendToRandomOfType_LoadBalancing: each of a type gets its part, and nobody else', async () => {
      const sender = await register('Sender', 'pinger');
      const collectors = [
        await registerElsewhere('Collector', 'collector', { id: 'c1' }),
        await registerElsewhere('Collector', 'collector', { id: 'c2' }),
        await registerElsewhere('Collector', 'collector', { id: 'c3' }),
      ];
      for (let n = 0; n < 60; n++) {
        const outcome = await settled(sender.sendToRandomOfType('Collector', { type: 'NUMBER', n }));
        expect(outcome.status).toBe('handled');
      }
      const counts = await Promise.all(
        collectors.map(async (each) => ((await each.look()).context.numbers as number[]).length),
      );
      expect(counts.reduce((sum, count) => sum + count)).toBe(60);
      // Each of three is left out by 60 with a chance of 3e-11.
      expect(Math.min(...counts)).toBeGreaterThan(0);
    });

    test('TypeBasedCommunication_PingPong: an event to a type is answered to whoever sent it', async () => {
      const ping = await register('PingService', 'pinger');
      const pong = await registerElsewhere('PongService', 'ponger');
      const [outcome] = await settled(ping.sendToType('PongService', { type: 'PING' }));
      expect(outcome).toMatchObject({ status: 'handled' });
      await until('the answer is there', () => ping.actor.getSnapshot().context.pongs === 1);
      expect((await pong.look()).context).toEqual({ pings: 1 });
    });

    test('GetMachineTypes: every type that there is, with its versions, machines and nodes', async () => {
      expect(here.availableTypes()).toEqual([]);
      const one = await register('B', 'pinger');
      await registerElsewhere('A', 'ponger', { version: '1.2.0' });
      await registerElsewhere('A', 'ponger', { version: '1.10.0', id: 'A_other' });
      expect(here.availableTypes()).toEqual(['A', 'B']);
      expect(here.types()).toMatchObject([
        { name: 'A', versions: ['1.10.0', '1.2.0'], machines: 2, nodes: 1 },
        { name: 'B', machines: 1 },
      ]);
      expect(one.countOfType('A')).toBe(2);
      expect(one.typeExists('A')).toBe(true);
      expect(one.typeExists('C')).toBe(false);
      expect(one.availableTypes()).toEqual(['A', 'B']);
    });

    test('HealthCheck: a machine that runs is healthy, one that is not there is not', async () => {
      const near = await register('Near', 'pinger');
      const far = await registerElsewhere('Far', 'ponger');
      expect(here.isHealthy(near.id)).toBe(true);
      expect(here.isHealthy(far.address)).toBe(true);
      expect(here.isHealthy('nobody')).toBe(false);
      await far.unregister();
      await until('it is gone', () => !here.isHealthy(far.address));
    });

    if (movesTime)
      test('a machine that beats by itself is healthy for 30 s after each beat, on every node', async () => {
        const far = await registerElsewhere('Far', 'ponger', { health: 'manual' });
        await place.pass?.(20_000);
        await far.heartbeat();
        await place.pass?.(29_000);
        expect(here.isHealthy(far.address)).toBe(true);
        await place.pass?.(2_000);
        expect(here.isHealthy(far.address)).toBe(false);
        expect(here.discoverByType('Far')).toEqual([]);
        expect(ids(here.discoverByType('Far', { health: 'any' }))).toEqual([far.id]);
        await far.heartbeat();
        await until('it is healthy again', () => here.isHealthy(far.address));
      });

    // ---- Registering

    test('an id is taken once; without one it is the type and a number', async () => {
      const one = await register('Press', 'door');
      const two = await register('Press', 'door');
      expect([one.id, two.id]).toEqual(['Press_1', 'Press_2']);
      await expect(here.register('Press', MACHINES.door, { id: 'Press_1' })).rejects.toMatchObject({
        code: 'MACHINE_EXISTS',
      });
      const long = await register('T'.repeat(50), 'door');
      expect(long.id).toBe(`${'T'.repeat(48)}_1`);
    });

    test.each([
      ['a type with a space', 'two words', {}, 'MACHINE_TYPE_INVALID'],
      ['an id that is too long', 'Type', { id: 'x'.repeat(51) }, 'MACHINE_ID_INVALID'],
      ['a version that is none', 'Type', { version: 'newest' }, 'MACHINE_VERSION_INVALID'],
      ['metadata that is no text', 'Type', { metadata: { hall: 7 as unknown as string } }, 'MACHINE_METADATA_INVALID'],
      ['metadata without end', 'Type', { metadata: { hall: 'x'.repeat(4_096) } }, 'MACHINE_METADATA_INVALID'],
    ])('%s is refused', async (_, type, options, code) => {
      await expect(here.register(type, MACHINES.pinger, options)).rejects.toMatchObject({ code });
      expect(here.machines()).toEqual([]);
    });

    test('what was unregistered is found no more, here and elsewhere, and its id is free', async () => {
      const one = await register('Press', 'door', { id: 'press' });
      await until('it is known elsewhere', async () => (await place.run({ do: 'countOfType', type: 'Press' })) === 1);
      await settled(one.unregister());
      expect(here.typeExists('Press')).toBe(false);
      await until('it is gone elsewhere', async () => (await place.run({ do: 'countOfType', type: 'Press' })) === 0);
      await expect(here.unregister('press')).rejects.toMatchObject({ code: 'MACHINE_UNKNOWN' });
      await register('Press', 'door', { id: 'press' });
    });

    test('what was released does not run and stays known; it is registered again under its id', async () => {
      const one = await register('Press', 'door', { id: 'press' });
      here.release('press');
      expect(here.machine('press')).toMatchObject({ running: false, healthy: false });
      expect(here.discoverByType('Press')).toEqual([]);
      expect(here.discoverByType('Press', { health: 'any' })).toMatchObject([{ id: 'press' }]);
      expect(() => here.release('press')).toThrow(expect.objectContaining({ code: 'MACHINE_STOPPED' }));
      expect(() => here.restartMachine('press')).toThrow(expect.objectContaining({ code: 'MACHINE_STOPPED' }));
      await one[Symbol.asyncDispose]();
      const two = await register('Press', 'door', { id: 'press' });
      expect(here.machine('press')).toMatchObject({ running: true, healthy: true });
      await settled(two[Symbol.asyncDispose]());
      await settled(here.unregister('press'));
      expect(here.typeExists('Press')).toBe(false);
    });

    test('a machine is replaced under its id: nobody is told that it went, and what waits for it stays', async () => {
      const near = await register('Door', 'door', { supervision: 'park' });
      await settled(here.sendTo(near.id, { type: 'OPEN' }));
      const told: string[] = [];
      here.subscribe('Door', ({ type }) => told.push(type));
      here.monitor(near.id, ({ reason }) => told.push(reason));
      const snapshot = near.actor.getPersistedSnapshot();
      const sending = here.sendTo(near.id, { type: 'CLOSE' });
      await here.replace(near.id, MACHINES.door, { version: '2.0.0', snapshot });
      expect(await settled(sending)).toMatchObject({ status: 'handled' });
      expect(near.actor.getSnapshot()).toMatchObject({ value: 'closed', context: { opened: 1 } });
      expect(told).toEqual(['found', 'changed']);
      expect(here.machine(near.id)).toMatchObject({ version: '2.0.0', healthy: true });
      // Without a snapshot it begins anew.
      await here.replace(near.id, MACHINES.clerk);
      expect(near.actor.getSnapshot()).toMatchObject({ context: { answers: 0 } });
      await expect(here.replace('nobody', MACHINES.door)).rejects.toMatchObject({ code: 'MACHINE_UNKNOWN' });
    });

    test('a machine goes on from a snapshot', async () => {
      const first = await register('Door', 'door');
      await settled(here.sendTo(first.id, { type: 'OPEN' }));
      const snapshot = first.actor.getPersistedSnapshot();
      await settled(first.unregister());
      const second = await register('Door', 'door', { snapshot });
      expect(second.actor.getSnapshot()).toMatchObject({ value: 'open', context: { opened: 1 } });
    });

    // ---- Finding

    test('machines are chosen by version, metadata and live state', async () => {
      await registerElsewhere('Door', 'door', { id: 'd1', version: '1.4.0', metadata: { hall: 'north' } });
      const south = await registerElsewhere('Door', 'door', {
        id: 'd2',
        version: '2.0.1',
        metadata: { hall: 'south' },
      });
      await register('Door', 'door', { id: 'd3', version: '2.3.0' });
      expect(ids(here.discoverByType('Door', { version: '^2.0.0' }))).toEqual(['d2', 'd3']);
      expect(ids(here.discoverByType('Door', { version: '>=1.4 <2.1' }))).toEqual(['d1', 'd2']);
      expect(ids(here.discoverByType('Door', { where: { hall: 'south' } }))).toEqual(['d2']);
      await settled(here.sendTo(south.address, { type: 'OPEN' }));
      const open = () => ids(here.discoverByType('Door', { where: (machine) => machine.matches('open') }));
      await until('its state is known', () => open().length === 1);
      expect(open()).toEqual(['d2']);
      expect(ids(here.discoverByPattern('D*', { where: (machine) => machine.hasTag('passable') }))).toEqual(['d2']);
      expect(ids(here.discoverByPattern('D*', { where: (machine) => machine.value === 'closed' }))).toEqual([
        'd1',
        'd3',
      ]);
    });

    test('waitForType resolves when there are so many, and says how many there were when there were not', async () => {
      const waiting = here.waitForType('Door', { count: 2, timeoutMs: 8_000 });
      await registerElsewhere('Door', 'door', { id: 'd1' });
      await register('Door', 'door', { id: 'd2' });
      expect(ids(await settled(waiting))).toEqual(['d1', 'd2']);
      const failing = here.waitForType('Door', { count: 3, timeoutMs: 50 });
      await expect(settled(failing)).rejects.toMatchObject({
        code: 'NO_MACHINE_OF_TYPE',
        message: expect.stringContaining('2 of 3'),
      });
    });

    test('waitForType waits for a state as well', async () => {
      const far = await registerElsewhere('Door', 'door');
      const waiting = here.waitForType('Door', { where: (machine) => machine.matches('open') });
      await place.step();
      await far.sendTo(far.id, { type: 'OPEN' });
      expect(ids(await settled(waiting))).toEqual([far.id]);
    });

    test('a subscription begins with what is known, and tells what changes until it is ended', async () => {
      await registerElsewhere('Service_A', 'ponger', { id: 'first' });
      const told: string[] = [];
      const note = ({ type, machine }: MachineChange) => told.push(`${type} ${machine.id}`);
      const subscription = here.subscribe({ pattern: 'service_*' }, note);
      expect(told).toEqual(['found first']);
      const second = await registerElsewhere('Service_B', 'ponger', { id: 'second' });
      await registerElsewhere('Other', 'ponger', { id: 'third' });
      await second.unregister();
      await until('it is told to be lost', () => told.length === 3);
      expect(told).toEqual(['found first', 'found second', 'lost second']);
      subscription.unsubscribe();
      await register('Service_C', 'ponger');
      expect(told).toHaveLength(3);
    });

    test('a subscription by state tells who comes to it and who leaves it', async () => {
      const far = await registerElsewhere('Door', 'door');
      const told: string[] = [];
      using _ = here.subscribe({ type: 'Door', where: (machine) => machine.hasTag('passable') }, ({ type }) =>
        told.push(type),
      );
      for (const event of ['OPEN', 'CLOSE', 'OPEN']) {
        const before = told.length;
        await far.sendTo(far.id, { type: event });
        await until(`${event} is seen`, () => told.length > before);
      }
      expect(told).toEqual(['found', 'lost', 'found']);
    });

    // ---- Sending

    test('what became of a send: handled, ignored, refused, and what is known before', async () => {
      const near = await register('Near', 'collector');
      const far = await registerElsewhere('Door', 'door', { accept: { events: ['OPEN', 'CLOSE'] } });
      const outcome = async (type: string) => (await settled(near.sendTo(far.address, { type }))).status;
      expect([await outcome('OPEN'), await outcome('OPEN'), await outcome('CLOSE')]).toEqual([
        'handled',
        'ignored',
        'handled',
      ]);
      expect(await settled(near.sendTo(far.address, { type: 'BREAK' }))).toMatchObject({
        status: 'refused',
        code: 'NOT_ACCEPTED',
      });
      const thrown = async (target: string, event: object) =>
        ((await near.sendTo(target, event as { type: string }).catch((error: unknown) => error)) as { code: string })
          .code;
      expect(await thrown('nobody', { type: 'OPEN' })).toBe('MACHINE_UNKNOWN');
      expect(await thrown(far.address, { type: 'OPEN', at: new Date() })).toBe('EVENT_INVALID');
      expect(await thrown(far.address, { type: 'xstate.stop' })).toBe('EVENT_INVALID');
      expect(await thrown(far.address, { type: 'OPEN', load: 'x'.repeat(1024 * 1024) })).toBe('ENVELOPE_TOO_LARGE');
    });

    test('a machine that failed or came to its end takes nothing more, and has no links', async () => {
      const near = await register('Near', 'collector');
      const failing = await registerElsewhere('Door', 'door', { id: 'failing', supervision: 'park' });
      const ending = await register('Door', 'door', { id: 'ending' });
      expect(await settled(near.sendTo(failing.address, { type: 'BREAK' }))).toMatchObject({
        status: 'dead',
        code: 'MACHINE_FAILED',
      });
      expect(await settled(near.sendTo(ending.id, { type: 'END', result: 'fine' } as { type: string }))).toMatchObject({
        status: 'handled',
      });
      // One that failed stays known, so that a person sees it; nobody finds it by its type.
      await until('neither is found', () => here.discoverByType('Door').length === 0);
      expect(ids(here.discoverByType('Door', { health: 'any' }))).toEqual(['failing']);
      expect(ids(near.connections())).toEqual(['failing']);
      expect(
        (await settled(near.sendTo(failing.address, { type: 'OPEN' }).catch((error: { code: string }) => error))).code,
      ).toBe('MACHINE_STOPPED');
      await expect(near.sendTo('ending', { type: 'OPEN' })).rejects.toMatchObject({ code: 'MACHINE_STOPPED' });
    });

    test('senders are told apart by their type, where a machine asks for that', async () => {
      const friend = await register('Friend', 'collector');
      const stranger = await register('Stranger', 'collector');
      const far = await registerElsewhere('Door', 'door', { accept: { types: ['Friend'] } });
      expect((await settled(stranger.sendTo(far.address, { type: 'OPEN' }))).code).toBe('NOT_ACCEPTED');
      expect((await settled(here.sendTo(far.address, { type: 'OPEN' }))).code).toBe('NOT_ACCEPTED');
      expect((await settled(friend.sendTo(far.address, { type: 'OPEN' }))).status).toBe('handled');
    });

    test('sendToType, sendToPattern and broadcasts reach all but the sender, by themselves too', async () => {
      const one = await register('Crier', 'crier', { id: 'one' });
      const two = await register('Crier', 'crier', { id: 'two' });
      const far = await registerElsewhere('Crier', 'crier', { id: 'far' });
      const statuses = async (sending: Promise<{ status: string }[]>) =>
        (await settled(sending)).map(({ status }) => status);
      expect(await statuses(one.broadcastToSameType({ type: 'HEARD' }))).toEqual(['handled', 'handled']);
      expect(await statuses(one.sendToPattern('cri*', { type: 'HEARD' }))).toEqual(['handled', 'handled']);
      expect(await statuses(here.broadcastToType('Crier', { type: 'HEARD' }))).toEqual([
        'handled',
        'handled',
        'handled',
      ]);
      expect(await settled(one.sendToType('Nobody', { type: 'HEARD' }))).toEqual([]);
      await settled(here.sendTo('two', { type: 'CRY' }));
      await until('the cry is heard', () => one.actor.getSnapshot().context.heard === 2);
      expect(two.actor.getSnapshot().context.heard).toBe(3);
      await until('elsewhere too', async () => (await far.look()).context.heard === 4);
    });

    test('sendToRandomOfType says so where there is nobody', async () => {
      const one = await register('Lonely', 'crier');
      await expect(one.sendToRandomOfType('Lonely', { type: 'HEARD' })).rejects.toMatchObject({
        code: 'NO_MACHINE_OF_TYPE',
      });
      await expect(one.sendToRandomOfType('Nobody', { type: 'HEARD' })).rejects.toMatchObject({
        code: 'NO_MACHINE_OF_TYPE',
      });
    });

    test('one of a type is chosen in turn, by key, by its state, or near', async () => {
      const sender = await register('Sender', 'pinger');
      const far = [
        await registerElsewhere('Door', 'door', { id: 'd1' }),
        await registerElsewhere('Door', 'door', { id: 'd2' }),
      ];
      await register('Door', 'door', { id: 'd3' });
      // In turn: each of three gets one of three.
      for (let n = 0; n < 3; n++)
        expect(
          (await settled(sender.sendToOneOfType('Door', { type: 'OPEN' }, { strategy: 'roundRobin' }))).status,
        ).toBe('handled');
      // By state: all are open, so none is closed.
      const closed = {
        strategy: 'random',
        where: (machine: { matches(state: string): boolean }) => machine.matches('closed'),
      } as const;
      await until('the states are known', () => here.discoverByType('Door', closed).length === 0);
      await expect(settled(sender.sendToOneOfType('Door', { type: 'OPEN' }, closed))).rejects.toMatchObject({
        code: 'NO_MACHINE_OF_TYPE',
      });
      await far[1]?.sendTo('d2', { type: 'CLOSE' });
      await until('one is closed', () => here.discoverByType('Door', closed).length === 1);
      expect((await settled(sender.sendToOneOfType('Door', { type: 'OPEN' }, closed))).status).toBe('handled');
      expect((await far[1]?.look())?.context).toMatchObject({ opened: 2 });
      // By key: the same one each time.
      const byKey = () =>
        settled(sender.sendToOneOfType('Door', { type: 'CLOSE' }, { strategy: 'hash', key: 'part 17' }));
      expect([(await byKey()).status, (await byKey()).status]).toEqual(['handled', 'ignored']);
      await expect(
        sender.sendToOneOfType('Door', { type: 'CLOSE' }, { strategy: 'hash', key: '' }),
      ).rejects.toMatchObject({ code: 'INPUT_INVALID' });
      for (const strategy of ['preferLocal', 'latency', 'leastLoaded'] as const)
        expect(['handled', 'ignored']).toContain(
          (await settled(sender.sendToOneOfType('Door', { type: 'OPEN' }, { strategy }))).status,
        );
    });

    test('the first choice by state waits for the states', async () => {
      const sender = await register('Sender', 'pinger');
      // Nobody may have asked for the states of this type before, neither another test of this place nor another try of this one.
      const type = `Gate${performance.now()}`;
      await registerElsewhere(type, 'door', { id: 'd1' });
      const open = await registerElsewhere(type, 'door', { id: 'd2' });
      await open.sendTo('d2', { type: 'OPEN' });
      const sending = sender.sendToOneOfType(
        type,
        { type: 'CLOSE' },
        { strategy: 'random', where: (machine) => machine.matches('open') },
      );
      expect((await settled(sending)).status).toBe('handled');
    });

    // ---- Asking

    test('a question is answered, by promise alone', async () => {
      const asker = await register('Asker', 'clerk');
      const far = await registerElsewhere('Clerk', 'clerk');
      const reply = await settled(asker.ask(far.address, { type: 'ASK', n: 21 }));
      expect(reply).toMatchObject({ event: { type: 'ANSWER', n: 42 }, from: far.address });
      expect((await settled(here.ask({ type: 'Clerk' }, { type: 'ASK', n: 1 }))).event).toEqual({
        type: 'ANSWER',
        n: 2,
      });
      // An event to the same machine is answered by an event.
      expect(asker.actor.getSnapshot().context.answers).toBe(0);
      await settled(asker.sendTo(far.address, { type: 'ASK', n: 1 }));
      await until('the answer came as an event', () => asker.actor.getSnapshot().context.answers === 1);
    });

    test('an answer may come later, from an origin that was kept', async () => {
      const far = await registerElsewhere('Clerk', 'clerk');
      const asking = here.ask(far.address, { type: 'ASK_LATER' }, { timeoutMs: 20_000 });
      await until('it was asked', async () => (await far.look()).context.kept !== null);
      await far.sendTo(far.id, { type: 'NOW' });
      expect((await settled(asking)).event).toEqual({ type: 'ANSWER', n: -1 });
    });

    test('a question that gets no answer is told why: late, ignored, refused, nobody, taken back', async () => {
      const far = await registerElsewhere('Clerk', 'clerk', { accept: { events: ['SILENCE', 'ELSE', 'ASK_LATER'] } });
      const failure = async (asking: Promise<unknown>) =>
        (await settled(
          asking.then(
            () => ({ code: 'answered' }),
            (error: { code?: string; name?: string }) => error,
          ),
        )) as { code?: string; name?: string };
      expect((await failure(here.ask(far.address, { type: 'SILENCE' }, { timeoutMs: 200 }))).code).toBe(
        'ASK_TIMED_OUT',
      );
      expect((await failure(here.ask(far.address, { type: 'ELSE' }))).code).toBe('EVENT_IGNORED');
      expect((await failure(here.ask(far.address, { type: 'ASK', n: 1 }))).code).toBe('NOT_ACCEPTED');
      expect((await failure(here.ask({ type: 'Nobody' }, { type: 'ASK' }))).code).toBe('NO_MACHINE_OF_TYPE');
      expect((await failure(here.ask('nobody', { type: 'ASK' }))).code).toBe('MACHINE_UNKNOWN');
      const abort = new AbortController();
      const asking = failure(here.ask(far.address, { type: 'SILENCE' }, { signal: abort.signal }));
      abort.abort();
      expect((await asking).name).toBe('AbortError');
      expect((await failure(here.ask(far.address, { type: 'SILENCE' }, { timeoutMs: 0 }))).code).toBe('INPUT_INVALID');
    });

    test('a machine that fails begins anew, gets its event three times, and those that came meanwhile after it', async () => {
      const far = await registerElsewhere('Door', 'door');
      await far.sendTo(far.id, { type: 'OPEN' });
      const downs: MachineDown[] = [];
      here.monitor(far.address, (down) => downs.push(down));
      const breaking = here.sendTo(far.address, { type: 'BREAK' });
      const opening = here.sendTo(far.address, { type: 'OPEN' });
      expect(await settled(breaking)).toMatchObject({ status: 'dead', code: 'MACHINE_FAILED' });
      expect(await settled(opening)).toMatchObject({ status: 'handled' });
      await until('it is healthy', () => here.isHealthy(far.address));
      expect(await far.look()).toMatchObject({ status: 'active', value: 'open', context: { opened: 1 } });
      expect(downs.map(({ reason }) => reason)).toEqual(['failed']);
    });

    test('a machine is stopped and started anew by hand', async () => {
      const near = await register('Door', 'door');
      await settled(here.sendTo(near.id, { type: 'OPEN' }));
      here.stopMachine(near.id);
      expect(here.isHealthy(near.id)).toBe(false);
      await expect(here.sendTo(near.id, { type: 'CLOSE' })).rejects.toMatchObject({ code: 'MACHINE_STOPPED' });
      here.restartMachine(near.id);
      expect(here.isHealthy(near.id)).toBe(true);
      expect(near.actor.getSnapshot().value).toBe('closed');
      expect(await settled(here.sendTo(near.id, { type: 'OPEN' }))).toMatchObject({ status: 'handled' });
      await settled(here.sendTo(near.id, { type: 'END', result: '' } as { type: string }));
      await until('it came to its end', () => !here.typeExists('Door'));
      here.restartMachine(near.id);
      expect(ids(here.discoverByType('Door'))).toEqual([near.id]);
      expect(() => here.restartMachine('nobody')).toThrow(expect.objectContaining({ code: 'MACHINE_UNKNOWN' }));
    });

    // ---- Looking

    test('a machine is watched: from now on, each change at most every 50 ms, and its end', async () => {
      const far = await registerElsewhere('Door', 'door');
      const seen: RemoteSnapshot[] = [];
      let isComplete = false;
      here.watch(far.address, {
        next: (snapshot) => seen.push(snapshot),
        complete: () => {
          isComplete = true;
        },
      });
      await until('it is seen', () => seen.length > 0);
      expect(seen[0]).toMatchObject({
        status: 'active',
        value: 'closed',
        context: { opened: 0, result: '' },
        connection: 'live',
      });
      await far.sendTo(far.id, { type: 'OPEN' });
      await until('it is seen to be open', () => seen.at(-1)?.matches('open'));
      expect([...(seen.at(-1)?.tags ?? [])]).toEqual(['passable']);
      await far.sendTo(far.id, { type: 'END', result: 'fine' } as { type: string });
      await until('its end is seen', () => isComplete);
      expect(seen.at(-1)).toMatchObject({ status: 'done', value: 'gone', output: { result: 'fine' } });
    });

    test.each([
      ['stopped', (far: Elsewhere) => far.unregister()],
      [
        'stopped',
        (far: Elsewhere) => far.sendTo(far.id, { type: 'END', result: '' } as { type: string }).then(() => undefined),
      ],
      ['failed', (far: Elsewhere) => far.sendTo(far.id, { type: 'BREAK' }).then(() => undefined)],
    ])('who monitors a machine is told once when it ends: %s', async (reason, end) => {
      const far = await registerElsewhere('Door', 'door');
      const downs: MachineDown[] = [];
      const ended: MachineDown[] = [];
      here.monitor(far.address, (down) => downs.push(down));
      here.monitor(far.address, (down) => ended.push(down)).unsubscribe();
      await place.step();
      await end(far);
      await until('it is told', () => downs.length > 0);
      await place.step();
      expect(downs.map((down) => [down.machine.address, down.reason])).toEqual([[far.address, reason]]);
      expect(ended).toEqual([]);
    });

    if (hasOtherNode)
      test('who monitors a machine is told once when its node is lost', async () => {
        const far = await registerElsewhere('Door', 'door');
        const downs: MachineDown[] = [];
        here.monitor(far.address, (down) => downs.push(down));
        await place.step();
        isSpent = true;
        await place.lose?.();
        await until('it is told', () => downs.length > 0);
        expect(downs.map(({ reason }) => reason)).toEqual(['nodeLost']);
        expect(here.isHealthy(far.address)).toBe(false);
      });

    test('a machine is described, with a hash that is the same wherever its definition is', async () => {
      const near = await register('Door', 'door');
      const far = await registerElsewhere('Door', 'door', { id: 'far' });
      const other = await registerElsewhere('Clerk', 'clerk');
      const one = await settled(here.describe(near.id));
      const two = await settled(here.describe(far.address));
      expect(two).toEqual(one);
      expect(two.chart).toMatchObject({ id: 'door', root: { type: 'compound' } });
      expect((await settled(here.describe(other.address))).hash).not.toBe(one.hash);
      await expect(here.describe('nobody')).rejects.toMatchObject({ code: 'MACHINE_UNKNOWN' });
    });

    test('a machine of any node is an ordinary actor: send, subscribe, on, waitFor, done', async () => {
      const actor = here.actor<typeof door>({ type: 'Door' });
      expect(actor.getSnapshot()).toMatchObject({ connection: 'searching', status: 'active', value: undefined });
      const creaks: string[] = [];
      actor.on('creak', ({ type }) => creaks.push(type));
      // What is sent before it is found goes to it when it is.
      actor.send({ type: 'OPEN' });
      const far = await registerElsewhere('Door', 'door');
      const open = await settled(waitFor(actor, (snapshot) => snapshot.matches('open'), { timeout: 60_000 }));
      expect(open).toMatchObject({ connection: 'live', address: far.address, context: { opened: 1 } });
      actor.send({ type: 'CLOSE' });
      await settled(waitFor(actor, (snapshot) => snapshot.value === 'closed', { timeout: 60_000 }));
      actor.send({ type: 'OPEN' });
      await until('what it emits is heard', () => creaks.length > 0);
      const done = waitFor(actor, (snapshot) => snapshot.status === 'done', { timeout: 60_000 });
      actor.send({ type: 'END', result: 'fine' });
      expect((await settled(done)).output).toEqual({ result: 'fine' });
    });

    test('an actor of a type takes the next machine when its own is taken out, and fails only where that fails', async () => {
      const first = await registerElsewhere('Door', 'door', { id: 'first' });
      const actor = here.actor<typeof door>({ type: 'Door' });
      await until('it is seen', () => actor.getSnapshot().connection === 'live');
      await first.unregister();
      await until('it is lost', () => actor.getSnapshot().connection === 'lost');
      expect(actor.getSnapshot().status).toBe('active');
      const second = await registerElsewhere('Door', 'door', { id: 'second', supervision: 'park' });
      await until(
        'the next one is seen',
        () => actor.getSnapshot().address === second.address && actor.getSnapshot().connection === 'live',
      );
      await second.sendTo('second', { type: 'BREAK' });
      await until('it failed', () => actor.getSnapshot().status === 'error');
      expect(actor.getSnapshot().error).toMatchObject({ message: 'hinge broken' });
    });

    if (hasOtherNode)
      test('what a machine does not show is not seen from elsewhere', async () => {
        const hidden = await registerElsewhere('Hidden', 'door', { expose: 'node' });
        const blind = await registerElsewhere('Door', 'door', { id: 'blind', watchable: false });
        const shy = await registerElsewhere('Door', 'door', { id: 'shy', watchable: 'state' });
        expect(here.typeExists('Hidden')).toBe(false);
        expect(here.machine(hidden.address)).toBeUndefined();
        const seen: RemoteSnapshot[] = [];
        let wasRefused = false;
        here.watch(blind.address, {
          complete: () => {
            wasRefused = true;
          },
        });
        here.watch(shy.address, (snapshot) => seen.push(snapshot));
        await until('both are answered', () => wasRefused && seen.length > 0);
        expect(seen[0]).toMatchObject({ value: 'closed', context: undefined });
      });

    test('a listener that throws disturbs neither its registrator nor the line on which the news came', async () => {
      const far = await registerElsewhere('Door', 'door');
      const fail = () => {
        throw new Error('a fault of the program');
      };
      const seen: string[] = [];
      here.subscribe('Door', fail);
      here.watch(far.address, fail);
      here.monitor(far.address, fail);
      here.monitor(far.address, ({ reason }) => seen.push(reason));
      await far.sendTo(far.id, { type: 'OPEN' });
      await place.step();
      expect((await settled(here.sendTo(far.address, { type: 'CLOSE' }))).status).toBe('handled');
      await far.unregister();
      await until('the other one is told', () => seen.length > 0);
      expect(seen).toEqual(['stopped']);
    });

    // ---- The end

    test('a registrator that was stopped does nothing more, and stopping it again is nothing', async () => {
      const one = await register('Door', 'door');
      isSpent = true;
      const far = await registerElsewhere('Clerk', 'clerk');
      const failure = (promise: Promise<unknown>) =>
        promise.then(
          () => undefined,
          (error: { code: string }) => error.code,
        );
      const waiting = [
        failure(here.waitForType('Nobody', { timeoutMs: 60_000 })),
        failure(here.ask(far.address, { type: 'SILENCE' }, { timeoutMs: 60_000 })),
      ];
      await place.step();
      const stopping = [here.stop(), here.stop()];
      await settled(Promise.all(stopping));
      expect(await settled(waiting[0] as Promise<unknown>)).toBe('NODE_STOPPED');
      expect(await settled(waiting[1] as Promise<unknown>)).toMatch(/NODE_STOPPED|PEER_OFFLINE/);
      expect(one.actor.getSnapshot().status).toBe('stopped');
      await expect(here.register('Door', MACHINES.door)).rejects.toMatchObject({ code: 'NODE_STOPPED' });
      await expect(here.sendTo(one.address, { type: 'OPEN' })).rejects.toMatchObject({
        code: expect.stringMatching(/NODE_STOPPED|MACHINE_UNKNOWN|MACHINE_STOPPED/),
      });
    });

    type Typed = typeof clerk;
    test('an actor may stand for one machine alone', async () => {
      const far = await registerElsewhere('Clerk', 'clerk');
      const actor = here.actor<Typed>({ machine: far.address });
      actor.send({ type: 'ANSWER' });
      await until('it got it', () => actor.getSnapshot().context?.answers === 1);
      actor.stop();
      expect(actor.getSnapshot().status).toBe('stopped');
    });
  });
}
