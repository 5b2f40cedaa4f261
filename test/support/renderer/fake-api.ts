import type {
  Calls,
  DeadLetterFilter,
  DeadLetterPlaces,
  DeadLetterView,
  ExportInput,
  ExportItem,
  JournalFilter,
  LogItem,
  MachinesItem,
  MessageFilter,
  MessageView,
  Streams,
} from '../../../shared/api.ts';
import { InterMachineError } from '../../../shared/errors.ts';
import { type Address, parseAddress } from '../../../shared/ids.ts';
import type { CallHandlers, Source, StreamHandlers } from '../../../shared/rpc.ts';
import type { Change, FakeWorld } from './fake-world.ts';

export function fakeCalls(world: FakeWorld): CallHandlers<Calls> {
  return {
    node: () => world.node,
    messages: (input) => select(world.log, input as MessageFilter),
    chart(input) {
      const { address } = input as { readonly address: Address };
      const chart = world.charts.get(address);
      if (chart) return chart;
      const { machine } = parseAddress(address);
      if (world.machines.has(address))
        throw new InterMachineError('NOT_A_MACHINE', `"${machine}" has no states to draw`);
      throw new InterMachineError('MACHINE_UNKNOWN', `No machine "${machine}" is known`);
    },
    doctor: () => world.diagnosis,
    send(input) {
      const { to, event } = input as { readonly to: Address; readonly event: { readonly type: string } };
      world.sent.push({ to, event });
      const row = world.send(`im://${world.node.id}/$node` as Address, to, event);
      const { status, code } = world.answer(to, event);
      world.settle(row, status, code);
      return { id: row.id, status, ...(code && { code }) };
    },
    restart(input) {
      const { machine, fresh } = input as { readonly machine: string; readonly fresh?: boolean };
      world.told.push(`restart ${machine}${fresh ? ' fresh' : ''}`);
      return {};
    },
    stop(input) {
      world.told.push(`stop ${(input as { readonly machine: string }).machine}`);
      return {};
    },
    audit: () => world.audit,
    search: () => ({ behind: world.searchBehind }),
    journal: (input) => world.journal.slice(0, (input as JournalFilter).limit),
    deadLetters: (input) => lettersFor(world.letters, input as DeadLetterFilter),
    retryDeadLetters(input) {
      const { places } = input as DeadLetterPlaces;
      world.told.push(`retry ${places.join(' ')}`);
      const failed = world.letters.filter(({ place, eventType }) => places.includes(place) && eventType === 'STUCK');
      world.letters = world.letters.filter((letter) => !places.includes(letter.place) || failed.includes(letter));
      return {
        retried: places.length - failed.length,
        failed: failed.map(({ place }) => ({ place, code: 'OUTBOX_FULL', reason: '20000 envelopes already wait' })),
      };
    },
    dropDeadLetters(input) {
      const { places } = input as DeadLetterPlaces;
      world.told.push(`drop ${places.join(' ')}`);
      world.letters = world.letters.filter(({ place }) => !places.includes(place));
      return {};
    },
    forget(input) {
      const { node } = input as { readonly node: string };
      world.told.push(`forget ${node}`);
      world.setPeers(world.peers.filter(({ id }) => id !== node));
      return { letters: 0 };
    },
    networkKey: () => ({ key: 'mjq4w2uykbhdtz7rnc5ovx3seq' }),
    ...(Object.fromEntries(TRUST_CALLS.map((name) => [name, told(world, name)])) as Pick<
      CallHandlers<Calls>,
      (typeof TRUST_CALLS)[number]
    >),
  };
}

const lettersFor = (
  letters: readonly DeadLetterView[],
  { limit, before = Number.POSITIVE_INFINITY, node, machine, reason }: DeadLetterFilter,
): readonly DeadLetterView[] =>
  letters
    .filter(
      ({ place, from, to, reason: why }) =>
        place < before &&
        (node === undefined || [from, to].some((end) => end.includes(node))) &&
        (machine === undefined || [from, to].some((end) => end.endsWith(`/${machine}`))) &&
        (reason === undefined || why === reason),
    )
    .slice(0, limit);

const TRUST_CALLS = [
  'join',
  'rotate',
  'trust',
  'revoke',
  'block',
  'unblock',
  'compareDigits',
  'showCode',
  'typeCode',
  'agree',
  'endPairing',
] as const;

/** Written down, as it was asked. */
const told = (world: FakeWorld, name: string) => (input: unknown) => {
  world.told.push(`${name} ${JSON.stringify(input)}`);
  return {};
};

function select(log: readonly MessageView[], filter: MessageFilter): readonly MessageView[] {
  const rows: MessageView[] = [];
  const text = filter.text?.toLowerCase();
  for (let at = log.length - 1; at >= 0 && rows.length < filter.limit; at--) {
    const row = log[at];
    if (!row || (filter.before !== undefined && row.place >= filter.before)) continue;
    if (filter.eventType !== undefined && row.eventType !== filter.eventType) continue;
    const ends = [parseAddress(row.from), parseAddress(row.to)];
    if (filter.machine !== undefined && !ends.some(({ machine }) => machine === filter.machine)) continue;
    if (filter.node !== undefined && !ends.some(({ node }) => node === filter.node)) continue;
    if (text !== undefined && !`${row.eventType} ${row.eventJson}`.toLowerCase().includes(text)) continue;
    rows.push(row);
  }
  return rows;
}

/** As JSON Lines, ten rows in an item. */
function exported(rows: readonly MessageView[]): Source<ExportItem> {
  let at = 0;
  return {
    next: async () => {
      if (at >= rows.length) return undefined;
      const text = rows.slice(at, at + 10).map((row) => `${JSON.stringify(row)}\n`);
      at = Math.min(rows.length, at + 10);
      return { text: text.join(''), rows: at, done: at / rows.length };
    },
    stop: () => {},
  };
}

export function fakeStreams(world: FakeWorld): StreamHandlers<Streams> {
  return {
    peers() {
      let stale = true;
      return batched(
        world,
        (change) => {
          if (change.kind === 'peers') stale = true;
        },
        () => {
          if (!stale) return undefined;
          stale = false;
          return world.peers;
        },
      );
    },
    trust() {
      let stale = true;
      return batched(
        world,
        (change) => {
          if (change.kind === 'trust') stale = true;
        },
        () => {
          if (!stale) return undefined;
          stale = false;
          return world.trust;
        },
      );
    },
    machines() {
      const changed = new Set<Address>(world.machines.keys());
      let first = true;
      return batched(
        world,
        (change) => {
          if (change.kind === 'machine') changed.add(change.address);
        },
        (): MachinesItem | undefined => {
          if (changed.size === 0 && !first) return undefined;
          first = false;
          const all = [...changed];
          changed.clear();
          return {
            changed: all.flatMap((address) => world.machines.get(address) ?? []),
            removed: all.filter((address) => !world.machines.has(address)),
          };
        },
      );
    },
    export: (input) => exported(select(world.log, { ...(input as ExportInput), limit: 1_000_000 }).toReversed()),
    backup: () => ({ next: async () => undefined, stop: () => {} }),
    files() {
      let stale = true;
      return batched(
        world,
        (change) => {
          if (change.kind === 'files') stale = true;
        },
        () => {
          if (!stale) return undefined;
          stale = false;
          return world.files;
        },
      );
    },
    log() {
      let rows: MessageView[] = [];
      let outcomes: LogItem['outcomes'][number][] = [];
      let skipped = 0;
      return batched(
        world,
        (change) => {
          if (change.kind === 'row' && rows.length < 200) rows.push(change.row);
          else if (change.kind === 'row') skipped++;
          else if (change.kind === 'outcome') outcomes.push(change.outcome);
        },
        (): LogItem | undefined => {
          if (rows.length === 0 && outcomes.length === 0) return undefined;
          const item = { rows, outcomes, skipped };
          rows = [];
          outcomes = [];
          skipped = 0;
          return item;
        },
      );
    },
    watch(input) {
      const { address } = input as { readonly address: Address };
      if (!world.live.has(address)) throw new InterMachineError('MACHINE_UNKNOWN', 'No such machine is known');
      let stale = true;
      return batched(
        world,
        (change) => {
          if (change.kind === 'live' && change.address === address) stale = true;
        },
        () => {
          if (!stale) return undefined;
          stale = false;
          return world.live.get(address);
        },
      );
    },
  };
}

/** Milliseconds between two items of a stream, as the contract promises. */
const INTERVAL_MS = 100;

/** An item whenever `take` has one, at most ten times a second. */
function batched<Item>(
  world: FakeWorld,
  collect: (change: Change) => void,
  take: () => Item | undefined,
): Source<Item> {
  let stopped = false;
  let last = 0;
  let wake = () => {};
  const unwatch = world.watch((change) => {
    collect(change);
    wake();
  });
  const pause = (milliseconds?: number) =>
    new Promise<void>((resolve) => {
      const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
      wake = () => {
        if (milliseconds !== undefined && !stopped) return;
        clearTimeout(timer);
        resolve();
      };
    });
  return {
    async next() {
      while (!stopped) {
        const wait = last + INTERVAL_MS - performance.now();
        if (last > 0 && wait > 0) await pause(wait);
        if (stopped) break;
        const item = take();
        if (item !== undefined) {
          last = performance.now();
          return item;
        }
        await pause();
      }
      return undefined;
    },
    stop() {
      stopped = true;
      unwatch();
      wake();
    },
  };
}
