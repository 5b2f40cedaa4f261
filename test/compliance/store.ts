import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Change, Store } from '../../main/core/ports.ts';
import { addressOf, machineId } from '../../shared/ids.ts';
import { histories, queries } from '../support/store/histories.ts';
import { after, EMPTY, messagesOf, unordered } from '../support/store/model.ts';
import {
  CELLAR,
  EPOCH,
  KITCHEN,
  LATER_EPOCH,
  log,
  logRow,
  mark,
  outboxAdd,
  outboxRemove,
  outboxRow,
  PING,
  PONG,
  position,
  SELF,
  status,
} from '../support/store/rows.ts';

/** A place where stores keep their contents: each `store()` is another start of a node on it. */
export interface StorePlace {
  store(): Store;
  remove(): Promise<void>;
}

const SEED = 20_261_123;

/** What every store has to do. */
export function storeCompliance(name: string, newPlace: () => Promise<StorePlace>, { runs }: { runs: number }): void {
  describe(`${name} as a store`, () => {
    let place: StorePlace;
    let opened: Store[];

    beforeEach(async () => {
      place = await newPlace();
      opened = [];
    });
    afterEach(async () => {
      for (const store of opened) await store.close();
      await place.remove();
    });

    const start = async () => {
      const store = place.store();
      opened.push(store);
      return { store, state: await store.open() };
    };
    const restart = async (store: Store) => {
      await store.close();
      return start();
    };
    const ids = async (store: Store, query = {}) => (await store.messages(query)).map(({ id }) => id);

    test('a new store is empty', async () => {
      const { store, state } = await start();
      expect(state).toEqual(EMPTY.state);
      expect(await store.messages({})).toEqual([]);
    });

    test('all kinds of changes are there after a restart', async () => {
      const { store } = await start();
      const node = {
        id: KITCHEN,
        name: 'kitchen',
        incarnation: 7,
        lastSeenAt: 5,
        endpoints: [{ host: 'fe80::1%eth0', port: 4000 }],
      };
      const machine = { node: KITCHEN, id: PING, type: 'PingService', version: '1.2.0', metadata: { zone: 'north' } };
      const row = logRow('1', { position: position(1), correlationId: 'a', causationId: 'b', code: 'MACHINE_BUSY' });
      await store.commit([
        { type: 'incarnation', incarnation: 42 },
        { type: 'log', row },
        outboxAdd(1),
        mark(9),
        { type: 'node', row: node },
        { type: 'machine', row: machine },
      ]);

      const { store: later, state } = await restart(store);
      expect(state).toEqual({
        incarnation: 42,
        outbox: [outboxRow(1)],
        marks: [position(9)],
        nodes: [node],
        machines: [machine],
      });
      const { position: _, eventType: __, eventJson, ...rest } = row;
      expect(await later.messages({})).toEqual([{ ...rest, place: 1, event: JSON.parse(eventJson) }]);
    });

    test('who may come in is there after a restart, as it was last', async () => {
      const { store } = await start();
      const judged = { id: KITCHEN, name: 'kitchen', at: 5 };
      const first = { keys: [{ secret: 'a' }], left: [], without: [], trusted: [judged], blocked: [] };
      const last = {
        keys: [{ secret: 'b' }, { secret: 'a', replacedAt: 7 }],
        left: ['old'],
        without: [CELLAR],
        trusted: [],
        blocked: [judged],
      };
      await store.commit([{ type: 'trust', state: first }]);
      await store.commit([{ type: 'trust', state: last }]);
      expect((await restart(store)).state.trust).toEqual(last);
    });

    test('what people did is kept, and read newest first', async () => {
      const { store } = await start();
      const row = (action: string) => ({ at: 1.5, by: 'dashboard', action, subject: KITCHEN, detail: 'ö' });
      for (const action of ['pair', 'send', 'block']) await store.commit([{ type: 'audit', row: row(action) }]);
      const { store: later } = await restart(store);
      expect(await later.audit({})).toEqual(
        ['block', 'send', 'pair'].map((action, at) => ({ ...row(action), place: 3 - at })),
      );
      expect((await later.audit({ limit: 1, before: 3 })).map(({ action }) => action)).toEqual(['send']);
    });

    test('of what people did, the last 10,000 are kept', async () => {
      const { store } = await start();
      const rows = Array.from({ length: 10_010 }, (_, n) => ({
        type: 'audit' as const,
        row: { at: n, by: 'program', action: 'send', subject: '', detail: '' },
      }));
      await store.commit(rows);
      const kept = await store.audit({ limit: 10_000 });
      expect([kept.length, kept[0]?.place, kept.at(-1)?.place]).toEqual([10_000, 10_010, 11]);
      expect(await store.audit({ before: 11 })).toEqual([]);
    });

    test('a commit of nothing succeeds', async () => {
      const { store } = await start();
      await store.commit([]);
      expect(await store.messages({})).toEqual([]);
    });

    test('a commit happens whole or not at all', async () => {
      const { store } = await start();
      await store.commit([outboxAdd(1)]);
      const failing: Change[] = [log('1'), mark(3), outboxAdd(2), outboxAdd(1), log('2')];
      await expect(store.commit(failing)).rejects.toMatchObject({ code: 'STORE_FAILED' });

      expect(await ids(store)).toEqual([]);
      await store.commit([log('3')]);
      const { store: later, state } = await restart(store);
      expect(state).toEqual({ ...EMPTY.state, outbox: [outboxRow(1)] });
      expect(await ids(later)).toEqual(['3']);
    });

    test('commits made in one go happen in their order', async () => {
      const { store } = await start();
      const sequences = Array.from({ length: 200 }, (_, at) => at + 1);
      const resolved: number[] = [];
      await Promise.all(
        sequences.map(async (sequence) => {
          await store.commit([log(String(sequence), { position: position(sequence) })]);
          resolved.push(sequence);
        }),
      );
      expect(resolved).toEqual(sequences);
      expect(await ids(store, { limit: 200 })).toEqual(sequences.map(String).reverse());
    });

    test('a query sees what was committed before it', async () => {
      const { store } = await start();
      const first = store.commit([log('1')]);
      const seen = ids(store);
      const second = store.commit([log('2')]);
      expect(await seen).toContain('1');
      await Promise.all([first, second]);
    });

    test('an envelope that comes twice is in the log once, and the mark moves all the same', async () => {
      const { store } = await start();
      await store.commit([log('1', { position: position(1) }), mark(1)]);
      const sameId = log('1', { position: position(2), status: 'refused', code: 'MACHINE_UNKNOWN' });
      const samePlace = log('another', { position: position(1) });
      await store.commit([sameId, samePlace, mark(3), log('4', { position: position(4) })]);

      expect(await store.messages({})).toMatchObject([
        { id: '4', status: 'delivered' },
        { id: '1', status: 'delivered' },
      ]);
      expect((await restart(store)).state.marks).toEqual([position(3)]);
    });

    test('two peers may use one id and one place, and so may the other directions', async () => {
      const { store } = await start();
      await store.commit([
        log('1', { position: position(1, KITCHEN) }),
        log('1', { position: position(1, CELLAR), from: addressOf(CELLAR, PING) }),
        log('2', { position: position(1, KITCHEN, LATER_EPOCH) }),
        log('1', { direction: 'out', position: position(1, KITCHEN) }),
        log('1', { direction: 'out', position: position(1, CELLAR), to: addressOf(CELLAR, PING) }),
        log('1', { direction: 'local' }),
      ]);
      expect(await ids(store)).toEqual(['1', '1', '1', '2', '1', '1']);
    });

    test('a status finds the row of its direction, id and peer', async () => {
      const { store } = await start();
      await store.commit([
        log('1', { position: position(1) }),
        log('1', { direction: 'out', position: position(1) }),
        log('1', { direction: 'out', position: position(1, CELLAR), to: addressOf(CELLAR, PING) }),
        log('1', { direction: 'local' }),
        log('2', { direction: 'out', position: position(2) }),
      ]);
      await store.commit([
        status('1', 'refused', { direction: 'out', code: 'MACHINE_BUSY' }),
        status('1', 'ignored', { direction: 'local', peer: SELF }),
        status('unknown', 'handled'),
        status('1', 'handled', { peer: 'x'.repeat(52) as typeof KITCHEN }),
      ]);
      expect((await store.messages({})).map((row) => [row.status, row.code])).toEqual([
        ['delivered', undefined],
        ['ignored', undefined],
        ['delivered', undefined],
        ['refused', 'MACHINE_BUSY'],
        ['delivered', undefined],
      ]);
    });

    test('a final status never becomes an interim one', async () => {
      const { store } = await start();
      for (const final of ['handled', 'ignored', 'refused', 'dead', 'expired', 'lost'] as const) {
        for (const direction of ['in', 'out'] as const) {
          await store.commit([
            log(final, { direction, status: 'accepted' }),
            status(final, 'delivered', { direction }),
          ]);
          await store.commit([status(final, final, { direction }), status(final, 'accepted', { direction })]);
          await store.commit([status(final, 'delivered', { direction })]);
          expect(await store.messages({ limit: 1 })).toMatchObject([{ id: final, direction, status: final }]);
        }
      }
    });

    test('an interim status gives way to any other', async () => {
      const { store } = await start();
      await store.commit([log('1', { status: 'accepted' })]);
      for (const next of ['delivered', 'accepted', 'delivered', 'delivered', 'expired'] as const) {
        await store.commit([status('1', next)]);
        expect(await store.messages({})).toMatchObject([{ status: next }]);
      }
    });

    test('a code goes with its status', async () => {
      const { store } = await start();
      await store.commit([log('1', { status: 'refused', code: 'MACHINE_BUSY' }), status('1', 'handled')]);
      expect((await store.messages({}))[0]).not.toHaveProperty('code');
    });

    test('the outbox keeps the order of acceptance across peers and epochs', async () => {
      const { store } = await start();
      await store.commit([
        outboxAdd(1, KITCHEN, LATER_EPOCH),
        outboxAdd(1, CELLAR),
        outboxAdd(2, KITCHEN, LATER_EPOCH),
      ]);
      await store.commit([outboxAdd(1), outboxAdd(2)]);
      expect((await restart(store)).state.outbox).toEqual([
        outboxRow(1, KITCHEN, LATER_EPOCH),
        outboxRow(1, CELLAR),
        outboxRow(2, KITCHEN, LATER_EPOCH),
        outboxRow(1),
        outboxRow(2),
      ]);
    });

    test('what a peer has leaves the outbox, up to there and only of its epoch', async () => {
      const { store } = await start();
      await store.commit([1, 2, 3].flatMap((at) => [outboxAdd(at), outboxAdd(at, CELLAR)]));
      await store.commit([outboxAdd(1, KITCHEN, LATER_EPOCH)]);
      await store.commit([outboxRemove(2), outboxRemove(99, CELLAR, LATER_EPOCH), outboxRemove(0, CELLAR)]);
      expect((await restart(store)).state.outbox).toEqual([
        outboxRow(1, CELLAR),
        outboxRow(2, CELLAR),
        outboxRow(3),
        outboxRow(3, CELLAR),
        outboxRow(1, KITCHEN, LATER_EPOCH),
      ]);
    });

    test('a mark only grows', async () => {
      const { store } = await start();
      await store.commit([mark(5), mark(3), mark(1, CELLAR), mark(2, KITCHEN, LATER_EPOCH)]);
      await store.commit([mark(4), mark(2, CELLAR)]);
      const { marks } = (await restart(store)).state;
      expect(marks).toHaveLength(3);
      expect(marks).toEqual(
        expect.arrayContaining([position(5), position(2, CELLAR), position(2, KITCHEN, LATER_EPOCH)]),
      );
    });

    test('a node and a machine are known once, as they were told last', async () => {
      const { store } = await start();
      const node = { id: KITCHEN, name: 'kitchen', incarnation: 1, lastSeenAt: 1, endpoints: [] };
      const machine = { node: KITCHEN, id: PING, type: 'A', version: '1.0.0', metadata: {} };
      await store.commit([
        { type: 'node', row: node },
        { type: 'machine', row: machine },
        { type: 'machine', row: { ...machine, node: CELLAR } },
        { type: 'machine', row: { ...machine, id: PONG } },
      ]);
      await store.commit([
        { type: 'node', row: { ...node, name: 'galley', incarnation: 2 } },
        { type: 'machine', row: { ...machine, version: '2.0.0', metadata: { zone: 'south' } } },
        { type: 'machineRemove', node: KITCHEN, id: PONG },
        { type: 'machineRemove', node: SELF, id: PING },
      ]);
      const { nodes, machines } = (await restart(store)).state;
      expect(nodes).toEqual([{ ...node, name: 'galley', incarnation: 2 }]);
      expect(machines).toHaveLength(2);
      expect(machines).toEqual(
        expect.arrayContaining([
          { ...machine, version: '2.0.0', metadata: { zone: 'south' } },
          { ...machine, node: CELLAR },
        ]),
      );
    });

    test('a query returns the newest 100 rows, or as many as it asks for up to 10,000', async () => {
      const { store } = await start();
      await store.commit(Array.from({ length: 10_001 }, (_, at) => log(String(at))));
      const all = await ids(store, { limit: Number.POSITIVE_INFINITY });
      expect(all).toHaveLength(10_000);
      expect(all[0]).toBe('10000');
      expect(all.at(-1)).toBe('1');
      expect(await ids(store)).toEqual(all.slice(0, 100));
      expect(await ids(store, { limit: Number.NaN })).toHaveLength(100);
      expect(await ids(store, { limit: 2.9, machine: PING })).toEqual(['10000', '9999']);
      for (const none of [0, -1, Number.NEGATIVE_INFINITY]) expect(await ids(store, { limit: none })).toEqual([]);
    });

    test('a query names what the rows have in common, and either end counts', async () => {
      const { store } = await start();
      const other = machineId('other');
      await store.commit([
        log('1'),
        log('2', { from: addressOf(CELLAR, other), position: position(1, CELLAR) }),
        log('3', { direction: 'out', to: addressOf(CELLAR, PING), eventType: 'STOP' }),
        log('4', { direction: 'local', from: addressOf(SELF, other), to: addressOf(SELF, other) }),
      ]);
      expect(await ids(store, { machine: PONG })).toEqual(['3', '2', '1']);
      expect(await ids(store, { machine: other })).toEqual(['4', '2']);
      expect(await ids(store, { machine: PING, limit: 1 })).toEqual(['3']);
      expect(await ids(store, { node: CELLAR })).toEqual(['3', '2']);
      expect(await ids(store, { node: SELF })).toEqual(['4', '3', '2', '1']);
      expect(await ids(store, { node: 'x'.repeat(52) as typeof SELF })).toEqual([]);
      expect(await ids(store, { eventType: 'STOP' })).toEqual(['3']);
      expect(await ids(store, { direction: 'in' })).toEqual(['2', '1']);
      expect(await ids(store, { node: CELLAR, machine: PONG, direction: 'in', eventType: 'PING' })).toEqual(['2']);
      expect(await ids(store, { node: CELLAR, machine: machineId('nobody') })).toEqual([]);
    });

    test('a second store on the same contents is refused until the first one is closed', async () => {
      const { store } = await start();
      const second = place.store();
      await expect(second.open()).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
      await store.commit([log('1')]);
      await store.close();
      await second.open();
      expect(await ids(second)).toEqual(['1']);
      await second.close();
    });

    test('closing waits for what was committed, and may be done twice, or before opening', async () => {
      await place.store().close();
      const { store } = await start();
      const order: string[] = [];
      const committed = store.commit([log('1')]).then(() => order.push('committed'));
      const closed = store.close().then(() => order.push('closed'));
      await Promise.all([store.close(), committed, closed]);
      await store.close();
      expect(order).toEqual(['committed', 'closed']);
      expect(await ids((await start()).store)).toEqual(['1']);
    });

    test('a store that is closed while it opens is closed', async () => {
      const store = place.store();
      const opening = store.open();
      const closed = store.close();
      await Promise.all([opening, closed]);
      await expect(store.commit([log('1')])).rejects.toMatchObject({ code: 'STORE_FAILED' });
      expect((await start()).state).toEqual(EMPTY.state);
    });

    test('a store that is not open refuses commits and queries', async () => {
      const store = place.store();
      const refused = { code: 'STORE_FAILED' };
      await expect(store.commit([log('1')])).rejects.toMatchObject(refused);
      await expect(store.messages({})).rejects.toMatchObject(refused);
      await store.open();
      const closed = store.close();
      await expect(store.commit([log('2')])).rejects.toMatchObject(refused);
      await expect(store.messages({})).rejects.toMatchObject(refused);
      await closed;
      await expect(store.commit([log('3')])).rejects.toMatchObject(refused);
      expect(await ids((await start()).store)).toEqual([]);
    });

    test('a store can be opened again after it was closed', async () => {
      const { store } = await start();
      await store.commit([mark(1)]);
      await store.close();
      expect((await store.open()).marks).toEqual([position(1)]);
      await store.commit([mark(2)]);
    });

    test('an open store that is opened again tells its present state', async () => {
      const { store } = await start();
      const committed = store.commit([mark(7), outboxAdd(1, CELLAR, EPOCH)]);
      expect(await store.open()).toMatchObject({ marks: [position(7)], outbox: [outboxRow(1, CELLAR)] });
      await committed;
    });

    testHistories(newPlace, runs);
  });
}

/** Random commits and restarts, compared with the plain model after each. */
export function testHistories(newPlace: () => Promise<StorePlace>, runs: number): void {
  test(`any history leaves what the contract says (seed ${SEED})`, async () => {
    const property = fc.asyncProperty(histories, fc.array(queries, { maxLength: 5 }), async (steps, asked) => {
      const here = await newPlace();
      let store = here.store();
      try {
        await store.open();
        let model = EMPTY;
        for (const step of [...steps, { restart: true as const }]) {
          if ('restart' in step) {
            await store.close();
            store = here.store();
            expect(unordered(await store.open())).toEqual(unordered(model.state));
          } else {
            const next = after(model, step.commit);
            const committed = store.commit(step.commit);
            if (next === undefined) await expect(committed).rejects.toMatchObject({ code: 'STORE_FAILED' });
            else await committed;
            model = next ?? model;
          }
          for (const query of [{}, ...asked]) expect(await store.messages(query)).toEqual(messagesOf(model, query));
        }
      } finally {
        await store.close();
        await here.remove();
      }
    });
    await fc.assert(property, { seed: SEED, numRuns: runs });
  });
}
