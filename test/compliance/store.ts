import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store, StoredChange } from '../../main/core/ports.ts';
import { addressOf, type MachineId, machineId } from '../../shared/ids.ts';
import { histories, queries } from '../support/store/histories.ts';
import { after, deadLettersOf, EMPTY, EMPTY_STATE, messagesOf, stateOf, unordered } from '../support/store/model.ts';
import {
  acknowledged,
  became,
  CELLAR,
  IN,
  idOf,
  incarnation,
  KITCHEN,
  LATER_EPOCH,
  LOCAL,
  letter,
  mark,
  OUT,
  open,
  PING,
  PONG,
  page,
  position,
  type Row,
  refusalsKnown,
  rows,
  SELF,
  textOf,
  waiting,
} from '../support/store/rows.ts';

/** A place where stores keep their contents: each `store()` is another start of a node on it. */
export interface StorePlace {
  store(): Store;
  remove(): Promise<void>;
}

const SEED = 20_261_123;
const IN_CELLAR = { ...IN, peer: CELLAR };
const OUT_CELLAR = { ...OUT, peer: CELLAR };
const LATER = { ...OUT, epoch: LATER_EPOCH };

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
    /** A store that knows whose it is. */
    const started = async () => {
      const { store } = await start();
      await store.commit([incarnation(1)]);
      return store;
    };
    const restart = async (store: Store) => {
      await store.close();
      return start();
    };
    const ids = async (store: Store, query = {}) => (await store.messages(query)).map(({ id }) => id);

    test('a new store is empty', async () => {
      const { store, state } = await start();
      expect(state).toEqual(EMPTY_STATE);
      expect(await store.messages({})).toEqual([]);
      expect(await store.deadLetters({})).toEqual([]);
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
      const row: Row = { correlationId: 'a', causationId: 'b', event: { type: 'PING', deep: { x: [1] } } };
      await store.commit([
        incarnation(42),
        { type: 'clock', time: 7, wallTime: 8 },
        page(IN, 1, [row], { clockOffset: 30 }),
        became(IN, 1, 'refused', 'MACHINE_BUSY'),
        rows(IN, 2),
        rows(OUT, 1),
        mark(9),
        { type: 'deadLetter', letter: letter(3) },
        { type: 'node', row: node },
        { type: 'machine', row: machine },
        { type: 'snapshot', machine: PONG, snapshot: '{}' },
      ]);

      const { store: later, state } = await restart(store);
      expect(state).toEqual({
        node: SELF,
        incarnation: 42,
        clock: { time: 7, wallTime: 8 },
        outbox: [waiting(1)],
        marks: [{ ...position(9), refused: [[1, 'MACHINE_BUSY']] }],
        open: [open(2)],
        nodes: [node],
        machines: [machine],
        snapshots: [{ machine: PONG, snapshot: '{}' }],
        problems: [],
      });
      expect((await later.messages({})).at(-1)).toEqual({
        place: 1,
        id: idOf(1),
        direction: 'in',
        from: addressOf(KITCHEN, PING),
        to: addressOf(SELF, PONG),
        event: { type: 'PING', deep: { x: [1] } },
        sentAt: 1_700_000_000_001,
        loggedAt: 1_700_000_000_001,
        correlationId: 'a',
        causationId: 'b',
        status: 'refused',
        code: 'MACHINE_BUSY',
      });
      const { eventJson, ...buried } = letter(3);
      expect(await later.deadLetters({})).toEqual([{ ...buried, place: 1, event: JSON.parse(eventJson) }]);
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

    test('what machines did is kept by their numbers, with snapshots to begin from, until they are unregistered', async () => {
      const { store } = await start();
      const row = (machine: MachineId, n: number) => ({
        ...{ type: 'journal' as const, machine, at: n + 0.5, from: n === 0 ? 'start' : `im://${KITCHEN}/${PONG}` },
        ...(n > 0 && { envelopeId: `e${n}` }),
        ...(n === 2 && { isAsk: true as const }),
        ...{ eventJson: JSON.stringify({ type: 'E', n }), stateJson: '{"a":"ö"}' },
        ...(n % 2 === 0 && { snapshot: { snapshot: `"s${n}"`, definition: 'd', chartJson: 'null' } }),
      });
      for (const n of [0, 1, 2, 3]) await store.commit([row(PING, n), row(PONG, n)]);
      const { store: later } = await restart(store);
      const rows = await later.journal({ machine: PING, oldestFirst: true });
      const address = `im://${KITCHEN}/${PONG}`;
      const state = { a: 'ö' };
      expect(rows).toEqual([
        { machine: PING, seq: 1, at: 0.5, from: 'start', event: { type: 'E', n: 0 }, state },
        { machine: PING, seq: 2, at: 1.5, from: address, envelopeId: 'e1', event: { type: 'E', n: 1 }, state },
        {
          ...{ machine: PING, seq: 3, at: 2.5, from: address, envelopeId: 'e2', isAsk: true },
          ...{ event: { type: 'E', n: 2 }, state },
        },
        { machine: PING, seq: 4, at: 3.5, from: address, envelopeId: 'e3', event: { type: 'E', n: 3 }, state },
      ]);
      const numbers = async (query: object) => (await later.journal({ machine: PING, ...query })).map(({ seq }) => seq);
      expect(await numbers({})).toEqual([4, 3, 2, 1]);
      expect(await numbers({ limit: 2, before: 4 })).toEqual([3, 2]);
      expect(await numbers({ limit: 2, after: 1, oldestFirst: true })).toEqual([2, 3]);
      expect(await later.journalSnapshot(PING, 2)).toEqual({ seq: 1, snapshot: '"s0"', definition: 'd' });
      expect(await later.journalSnapshot(PING, 9)).toEqual({ seq: 3, snapshot: '"s2"', definition: 'd' });
      expect(await later.journalSnapshot(PING, 0)).toBeUndefined();
      await later.commit([{ type: 'journalRemove', machine: PING }]);
      expect([await numbers({}), await later.journalSnapshot(PING, 9)]).toEqual([[], undefined]);
      expect(await later.journal({ machine: PONG })).toHaveLength(4);
      await later.commit([row(PING, 0)]);
      expect(await numbers({})).toEqual([1]);
    });

    test('of what a machine did, at most 10,000 rows are kept, and they begin with a snapshot', async () => {
      const { store } = await start();
      const rows = Array.from({ length: 10_450 }, (_, n) => ({
        ...{
          type: 'journal' as const,
          machine: PING,
          at: n,
          from: 'timer',
          eventJson: '{"type":"E"}',
          stateJson: 'null',
        },
        ...(n % 200 === 0 && { snapshot: { snapshot: '{}', definition: `d${n}`, chartJson: 'null' } }),
      }));
      await store.commit(rows);
      const kept = await store.journal({ machine: PING, oldestFirst: true, limit: 10_000 });
      // The last time that it was shortened, at 10,401, there was to be room for 200 more.
      expect([kept.length, kept[0]?.seq, kept.at(-1)?.seq]).toEqual([9_650, 801, 10_450]);
      expect((await store.journalSnapshot(PING, 801))?.seq).toBe(801);
      expect(await store.journalSnapshot(PING, 800)).toBeUndefined();
    });

    test('of what a machine did, 64 MiB are kept, and they begin with a snapshot; a larger one stays alone', async () => {
      const { store } = await start();
      const row = (machine: MachineId, length: number, hasSnapshot: boolean) => ({
        ...{ type: 'journal' as const, machine, at: 1, from: 'timer', stateJson: 'null' },
        eventJson: JSON.stringify({ type: 'E', text: 'x'.repeat(length) }),
        ...(hasSnapshot && { snapshot: { snapshot: 'y'.repeat(length), definition: 'd', chartJson: 'null' } }),
      });
      const MiB = 1024 * 1024;
      await store.commit([row(PONG, 1, true)]);
      for (let n = 1; n <= 14; n++) await store.commit([row(PING, 5 * MiB, n % 2 === 1)]);
      const numbers = async (machine: MachineId) =>
        (await store.journal({ machine, oldestFirst: true })).map(({ seq }) => seq);
      // The last time that it was shortened, at 13, eight events and four snapshots had room.
      expect(await numbers(PING)).toEqual([7, 8, 9, 10, 11, 12, 13, 14]);
      expect(await store.journalSnapshot(PING, 6)).toBeUndefined();
      await store.commit([row(PING, 33 * MiB, true)]);
      expect(await numbers(PING)).toEqual([15]);
      await store.commit([row(PING, 1, true)]);
      expect(await numbers(PING)).toEqual([16]);
      expect(await numbers(PONG)).toEqual([1]);
    });

    test('a commit of nothing succeeds', async () => {
      const { store } = await start();
      await store.commit([]);
      expect(await store.messages({})).toEqual([]);
    });

    test('a commit happens whole or not at all', async () => {
      const store = await started();
      await store.commit([rows(OUT, 1)]);
      const failing: StoredChange[] = [rows(IN, 1), mark(3), rows(OUT, 2), rows(OUT, 1), rows(LOCAL, 1)];
      await expect(store.commit(failing)).rejects.toMatchObject({ code: 'STORE_FAILED' });

      expect(await ids(store, { direction: 'in' })).toEqual([]);
      await store.commit([rows(OUT, 2)]);
      const { store: later, state } = await restart(store);
      expect(state).toEqual({ ...EMPTY_STATE, node: SELF, incarnation: 1, outbox: [waiting(1), waiting(2)] });
      expect(await ids(later)).toEqual([idOf(2), idOf(1)]);
    });

    test('commits made in one go happen in their order', async () => {
      const store = await started();
      const sequences = Array.from({ length: 200 }, (_, at) => at + 1);
      const resolved: number[] = [];
      await Promise.all(
        sequences.map(async (sequence) => {
          await store.commit([rows(IN, sequence)]);
          resolved.push(sequence);
        }),
      );
      expect(resolved).toEqual(sequences);
      expect(await ids(store, { limit: 200 })).toEqual(sequences.map((sequence) => idOf(sequence)).reverse());
    });

    test('a query sees what was committed before it', async () => {
      const store = await started();
      const first = store.commit([rows(IN, 1)]);
      const seen = ids(store);
      const second = store.commit([rows(IN, 2)]);
      expect(await seen).toContain(idOf(1));
      await Promise.all([first, second]);
    });

    test('a row that comes twice is in the log once, as it came first, and the mark moves all the same', async () => {
      const store = await started();
      await store.commit([rows(IN, 1, 2)]);
      const again = page(IN, 1, [{ event: { type: 'OTHER' } }, {}, {}, {}]);
      await store.commit([again, page(IN, 2, [{ event: { type: 'OTHER' } }])]);
      expect((await store.messages({})).map(({ id, event }) => [id, event.type])).toEqual(
        [4, 3, 2, 1].map((sequence) => [idOf(sequence), 'PING']),
      );
      expect((await restart(store)).state.marks).toMatchObject([position(4)]);
    });

    test('two peers may use one epoch and one place, and so may the directions', async () => {
      const store = await started();
      const streams = [IN, IN_CELLAR, { ...IN, epoch: LATER_EPOCH }, OUT, OUT_CELLAR, LOCAL];
      await store.commit(streams.map((stream) => rows(stream, 1)));
      expect(await ids(store)).toEqual(streams.map((stream) => idOf(1, stream)).reverse());
    });

    test('a status finds the rows of its stream', async () => {
      const store = await started();
      await store.commit([rows(IN, 1, 3), rows(OUT, 1), rows(OUT_CELLAR, 1), rows(LOCAL, 1)]);
      await store.commit([
        became(OUT, 1, 'refused', 'MACHINE_BUSY'),
        became(LOCAL, 1, 'ignored'),
        became(IN, [2, 9], 'handled'),
        became(LATER, 1, 'handled'),
      ]);
      expect((await store.messages({})).map((row) => [row.status, row.code])).toEqual([
        ['ignored', undefined],
        ['accepted', undefined],
        ['refused', 'MACHINE_BUSY'],
        ['handled', undefined],
        ['handled', undefined],
        ['delivered', undefined],
      ]);
    });

    test('a final status never becomes another one', async () => {
      const store = await started();
      const finals = ['handled', 'ignored', 'refused', 'dead', 'expired', 'lost'] as const;
      for (const [at, final] of finals.entries()) {
        for (const stream of [IN, OUT]) {
          await store.commit([rows(stream, at + 1), became(stream, at + 1, final)]);
          for (const later of [...finals, 'accepted', 'delivered'] as const)
            await store.commit([became(stream, at + 1, later)]);
          expect(await store.messages({ limit: 1, direction: stream.direction })).toMatchObject([{ status: final }]);
        }
      }
    });

    test('what a peer has is delivered, and no longer waits', async () => {
      const store = await started();
      await store.commit([rows(OUT, 1, 3), rows(OUT_CELLAR, 1, 3), rows(LATER, 1)]);
      await store.commit([acknowledged(2), acknowledged(99, { ...OUT_CELLAR, epoch: LATER_EPOCH })]);
      expect((await store.messages({ node: KITCHEN })).map(({ status }) => status)).toEqual([
        'accepted',
        'accepted',
        'delivered',
        'delivered',
      ]);
      await store.commit([acknowledged(1)]);
      expect((await restart(store)).state.outbox).toEqual([
        waiting(3),
        ...[1, 2, 3].map((sequence) => waiting(sequence, OUT_CELLAR)),
        waiting(1, LATER),
      ]);
    });

    test('the outbox keeps the order of acceptance across peers and epochs', async () => {
      const store = await started();
      await store.commit([rows(LATER, 1), rows(OUT_CELLAR, 1), rows(LATER, 2)]);
      await store.commit([rows(OUT, 1, 2)]);
      expect((await restart(store)).state.outbox).toEqual([
        waiting(1, LATER),
        waiting(1, OUT_CELLAR),
        waiting(2, LATER),
        waiting(1),
        waiting(2),
      ]);
    });

    test('what will not be delivered waits for its place to be told', async () => {
      const store = await started();
      await store.commit([rows(OUT, 1, 3), became(OUT, [1, 2], 'expired', 'ENVELOPE_EXPIRED'), acknowledged(1)]);
      expect((await restart(store)).state.outbox).toEqual([{ ...waiting(2), gone: 'ENVELOPE_EXPIRED' }, waiting(3)]);
    });

    test('what no machine is done with is open, however many later ones are handled', async () => {
      const store = await started();
      await store.commit([rows(IN, 1, 500), rows(LOCAL, 1), rows(OUT, 1)]);
      for (let sequence = 5; sequence <= 500; sequence += 5) await store.commit([became(IN, sequence, 'handled')]);
      await store.commit([became(IN, [1, 3], 'dead', 'MACHINE_FAILED'), became(IN, [6, 499], 'ignored')]);
      const { state, store: later } = await restart(store);
      expect(state.open).toEqual([open(4), open(1, LOCAL)]);
      await later.commit([became(IN, 4, 'handled'), became(LOCAL, 1, 'handled')]);
      expect((await restart(later)).state.open).toEqual([]);
    });

    test('what was logged and no more is never open and waits for nobody', async () => {
      const store = await started();
      const streams = [IN, OUT, LOCAL].map((stream) => ({ ...stream, epoch: LATER_EPOCH }));
      await store.commit(streams.map((stream) => page(stream, 1, [{ id: 'own-id' }], { volatile: true })));
      expect(await ids(store)).toEqual(['own-id', 'own-id', 'own-id']);
      expect((await restart(store)).state).toMatchObject({ outbox: [], open: [], marks: [] });
    });

    test('refusals are remembered until the peer knows of them', async () => {
      const store = await started();
      await store.commit([rows(IN, 1, 5), became(IN, [2, 3], 'refused', 'MACHINE_BUSY')]);
      await store.commit([became(IN, 5, 'refused', 'MACHINE_UNKNOWN'), became(IN, 4, 'handled'), refusalsKnown(2)]);
      const { state, store: later } = await restart(store);
      expect(state.marks).toEqual([
        {
          ...position(5),
          refused: [
            [3, 'MACHINE_BUSY'],
            [5, 'MACHINE_UNKNOWN'],
          ],
        },
      ]);
      await later.commit([refusalsKnown(5), refusalsKnown(1)]);
      expect((await restart(later)).state.marks).toEqual([{ ...position(5), refused: [] }]);
    });

    test('a mark only grows', async () => {
      const store = await started();
      await store.commit([mark(5), mark(3), mark(1, IN_CELLAR), mark(2, { ...IN, epoch: LATER_EPOCH })]);
      await store.commit([mark(4), mark(2, IN_CELLAR)]);
      const { marks } = (await restart(store)).state;
      expect(marks).toHaveLength(3);
      expect(marks).toEqual(
        expect.arrayContaining([
          { ...position(5), refused: [] },
          { ...position(2, IN_CELLAR), refused: [] },
          { ...position(2, LATER), refused: [] },
        ]),
      );
    });

    test('a snapshot that is taken away is gone, and the others stay', async () => {
      const store = await started();
      await store.commit([
        { type: 'snapshot', machine: PING, snapshot: '1' },
        { type: 'snapshot', machine: PONG, snapshot: '2' },
      ]);
      await store.commit([{ type: 'snapshotRemove', machine: PING }]);
      expect((await restart(store)).state.snapshots).toEqual([{ machine: PONG, snapshot: '2' }]);
    });

    test('a node, a machine and a snapshot are known once, as they were told last', async () => {
      const store = await started();
      const node = { id: KITCHEN, name: 'kitchen', incarnation: 1, lastSeenAt: 1, endpoints: [] };
      const machine = { node: KITCHEN, id: PING, type: 'A', version: '1.0.0', metadata: {} };
      await store.commit([
        { type: 'node', row: node },
        { type: 'machine', row: machine },
        { type: 'machine', row: { ...machine, node: CELLAR } },
        { type: 'machine', row: { ...machine, id: PONG } },
        { type: 'snapshot', machine: PING, snapshot: '1' },
      ]);
      await store.commit([
        { type: 'node', row: { ...node, name: 'galley', incarnation: 2 } },
        { type: 'machine', row: { ...machine, version: '2.0.0', metadata: { zone: 'south' } } },
        { type: 'machineRemove', node: KITCHEN, id: PONG },
        { type: 'machineRemove', node: SELF, id: PING },
        { type: 'node', row: { ...node, id: SELF } },
        { type: 'machine', row: { ...machine, node: SELF } },
        { type: 'nodeRemove', node: SELF },
        { type: 'snapshot', machine: PING, snapshot: '2' },
      ]);
      const { nodes, machines, snapshots } = (await restart(store)).state;
      expect(nodes).toEqual([{ ...node, name: 'galley', incarnation: 2 }]);
      expect(snapshots).toEqual([{ machine: PING, snapshot: '2' }]);
      expect(machines).toHaveLength(2);
      expect(machines).toEqual(
        expect.arrayContaining([
          { ...machine, version: '2.0.0', metadata: { zone: 'south' } },
          { ...machine, node: CELLAR },
        ]),
      );
    });

    test('dead letters are listed newest first, one by one, and go when they are told to', async () => {
      const store = await started();
      const letters = [1, 2, 3].map((sequence) => letter(sequence));
      const elsewhere = letter(4, { to: addressOf(CELLAR, PING), from: addressOf(SELF, PONG) });
      await store.commit([...letters, elsewhere].map((each) => ({ type: 'deadLetter', letter: each })));
      const places = async (query = {}) => (await store.deadLetters(query)).map((each) => each.place);
      expect(await places()).toEqual([4, 3, 2, 1]);
      expect(await places({ limit: 2, before: 4 })).toEqual([3, 2]);
      expect(await places({ node: KITCHEN })).toEqual([3, 2, 1]);
      expect(await places({ machine: PONG, reason: elsewhere.reason, node: CELLAR })).toEqual([4]);
      expect(await places({ machine: machineId('ONG') })).toEqual([]);
      expect(await places({ reason: 'INTERNAL' })).toEqual([]);
      await store.commit([
        { type: 'deadLetterRemove', place: 4 },
        { type: 'deadLetterRemove', place: 99 },
      ]);
      await store.commit([{ type: 'deadLetter', letter: letter(5) }]);
      expect(await places()).toEqual([5, 3, 2, 1]);
      expect(await places({ place: 3 })).toEqual([3]);
    });

    test('a query returns the newest 100 rows, or as many as it asks for up to 10,000', async () => {
      const store = await started();
      await store.commit([rows(IN, 1, 9_000), rows(IN, 9_001, 10_001)]);
      const all = await ids(store, { limit: Number.POSITIVE_INFINITY });
      expect(all).toHaveLength(10_000);
      expect(all[0]).toBe(idOf(10_001));
      expect(all.at(-1)).toBe(idOf(2));
      expect(await ids(store)).toEqual(all.slice(0, 100));
      expect(await ids(store, { limit: Number.NaN })).toHaveLength(100);
      expect(await ids(store, { limit: 2.9, machine: PING })).toEqual(all.slice(0, 2));
      for (const none of [0, -1, Number.NEGATIVE_INFINITY]) expect(await ids(store, { limit: none })).toEqual([]);
    });

    test('a query names what the rows have in common, and either end counts', async () => {
      const store = await started();
      await store.commit([
        page(IN, 1, [{ id: '1' }]),
        page(IN_CELLAR, 1, [{ id: '2', from: 'other' }]),
        page(OUT_CELLAR, 1, [{ id: '3', event: { type: 'STOP', text: 'PING' } }]),
        page(LOCAL, 1, [{ id: '4', from: 'other', to: 'other' }]),
      ]);
      const other = machineId('other');
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
      expect(await ids(store, { text: 'pInG' })).toEqual(['4', '3', '2', '1']);
      expect(await ids(store, { after: 2, before: 4 })).toEqual(['3']);
    });

    test('texts of rows are read by their places in the stream', async () => {
      const store = await started();
      await store.commit([rows(IN, 1, 3), rows(OUT, 1), rows(IN, 4, 5)]);
      expect(await store.texts(IN, 2, 4)).toEqual([2, 3, 4].map((sequence) => textOf('in', sequence)));
      expect(await store.texts(IN, 5, 99)).toEqual([textOf('in', 5)]);
      expect(await store.texts(IN_CELLAR, 1, 5)).toEqual([]);
    });

    test('a second store on the same contents is refused until the first one is closed', async () => {
      const store = await started();
      const second = place.store();
      await expect(second.open()).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
      await store.commit([rows(IN, 1)]);
      await store.close();
      await second.open();
      expect(await ids(second)).toEqual([idOf(1)]);
      await second.close();
    });

    test('closing waits for what was committed, and may be done twice, or before opening', async () => {
      await place.store().close();
      const store = await started();
      const order: string[] = [];
      const committed = store.commit([rows(IN, 1)]).then(() => order.push('committed'));
      const closed = store.close().then(() => order.push('closed'));
      await Promise.all([store.close(), committed, closed]);
      await store.close();
      expect(order).toEqual(['committed', 'closed']);
      expect(await ids((await start()).store)).toEqual([idOf(1)]);
    });

    test('a store that is closed while it opens is closed', async () => {
      const store = place.store();
      const opening = store.open();
      const closed = store.close();
      await Promise.all([opening, closed]);
      await expect(store.commit([rows(IN, 1)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
      expect((await start()).state).toEqual(EMPTY_STATE);
    });

    test('a store that is not open refuses commits and queries', async () => {
      const store = place.store();
      const refused = { code: 'STORE_FAILED' };
      await expect(store.commit([mark(1)])).rejects.toMatchObject(refused);
      await expect(store.messages({})).rejects.toMatchObject(refused);
      await expect(store.deadLetters({})).rejects.toMatchObject(refused);
      await store.open();
      const closed = store.close();
      await expect(store.commit([mark(2)])).rejects.toMatchObject(refused);
      await expect(store.messages({})).rejects.toMatchObject(refused);
      await closed;
      await expect(store.commit([mark(3)])).rejects.toMatchObject(refused);
      expect((await start()).state.marks).toEqual([]);
    });

    test('a store can be opened again after it was closed', async () => {
      const { store } = await start();
      await store.commit([mark(1)]);
      await store.close();
      expect((await store.open()).marks).toMatchObject([position(1)]);
      await store.commit([mark(2)]);
    });

    test('an open store that is opened again tells its present state', async () => {
      const store = await started();
      const committed = store.commit([mark(7), rows(OUT_CELLAR, 1)]);
      expect(await store.open()).toMatchObject({ marks: [position(7)], outbox: [waiting(1, OUT_CELLAR)] });
      await committed;
    });

    test('an envelope of any text stays as it is', async () => {
      const store = await started();
      const event = { type: 'ünï😀', 'a"b': '\\ \u0000 \u2028', lone: '\ud800', n: [1e-9, -0.5] };
      await store.commit([page(OUT, 1, [{ event }])]);
      expect((await store.messages({}))[0]?.event).toEqual(event);
      expect((await restart(store)).state.outbox[0]?.text).toBe(textOf('out', 1, { event }));
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
            expect(unordered(await store.open())).toEqual(stateOf(model));
          } else {
            const next = after(model, step.commit);
            const committed = store.commit(step.commit);
            if (next === undefined) await expect(committed).rejects.toMatchObject({ code: 'STORE_FAILED' });
            else await committed;
            model = next ?? model;
          }
          for (const query of [{}, ...asked]) expect(await store.messages(query)).toEqual(messagesOf(model, query));
          expect(await store.deadLetters({})).toEqual(deadLettersOf(model, {}));
        }
      } finally {
        await store.close();
        await here.remove();
      }
    });
    await fc.assert(property, { seed: SEED, numRuns: runs });
  });
}
