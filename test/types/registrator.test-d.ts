import {
  type AnyTypes,
  createNode,
  type InterMachineNode,
  LocalMachineRegistrator,
  type MachineRegistrator,
  type Reply,
} from '../../main/index.ts';
import { bell, type PressLine, type PressLineAlias, robot, runningRobot, scale } from './machines.ts';

// Compiled and never run: each line that is wrong stands below one that is right, and differs from it in one thing.
// `npm run typecheck` fails where a wrong line compiles.

type Same<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? true : false) : false;
const same = <_ extends true>(): void => {};

export async function kinds(): Promise<void> {
  // One interface for all, and types of networks may be interfaces or aliases.
  const node: MachineRegistrator<PressLine> = await createNode<PressLine>();
  const local: MachineRegistrator<PressLine> = new LocalMachineRegistrator<PressLine>();
  const aliased: MachineRegistrator<PressLineAlias> = await createNode<PressLineAlias>();
  // @ts-expect-error Another network.
  const other: MachineRegistrator<{ Robot: typeof scale }> = new LocalMachineRegistrator<PressLine>();
  const untyped: MachineRegistrator = await createNode();
  // What is for every network says so.
  const count = <Types extends object>(any: MachineRegistrator<Types>): number => any.machines().length;
  count(node);
  count(untyped);
  await Promise.all([node, local, aliased, other, untyped].map((each) => each.stop()));
  // @ts-expect-error No such option.
  await createNode<PressLine>({ prot: 5 });
  // @ts-expect-error A text is no map of types.
  await createNode<'Robot'>();
}

export async function registering(node: MachineRegistrator<PressLine>): Promise<void> {
  await node.register('Robot', robot, { input: { first: 1 } });
  // @ts-expect-error No such type.
  await node.register('Robto', robot, { input: { first: 1 } });
  // @ts-expect-error Another machine than the type is of.
  await node.register('Robot', scale);
  // @ts-expect-error Another input.
  await node.register('Robot', robot, { input: { first: 'one' } });
  await node.register('Robot', runningRobot());
  // @ts-expect-error Another actor.
  await node.register('Scale', runningRobot());
  await node.register('Scale', scale, { version: '1.2.0', accept: { types: ['Robot'] }, watchable: 'state' });
  // @ts-expect-error No such kind of being watched.
  await node.register('Scale', scale, { watchable: 'all' });
  // @ts-expect-error Metadata are texts.
  await node.register('Scale', scale, { metadata: { bay: 7 } });
  await node.register('Bell', bell);
  await node.register('Robot', robot.provide({ actions: { grip: () => {} } }), { input: { first: 1 } });
}

export async function sending(node: MachineRegistrator<PressLine>): Promise<void> {
  const machine = await node.register('Scale', scale);

  await node.sendToType('Robot', { type: 'PART_READY', part: 1 });
  // @ts-expect-error No such event.
  await node.sendToType('Robot', { type: 'PART_READ', part: 1 });
  // @ts-expect-error No such property.
  await node.sendToType('Robot', { type: 'PART_READY', prat: 1 });
  // @ts-expect-error A property of another type.
  await node.sendToType('Robot', { type: 'PART_READY', part: '1' });
  // @ts-expect-error No such type.
  await node.sendToType('Robto', { type: 'PART_READY', part: 1 });
  // @ts-expect-error An event of another type of machine.
  await node.broadcastToType('Robot', { type: 'TARE' });
  await node.broadcastToType('Bell', { type: 'RING', times: 3 });
  // @ts-expect-error Logic that is no machine has events, too.
  await node.broadcastToType('Bell', { type: 'RING' });

  await machine.sendToType('Scale', { type: 'TARE' });
  // @ts-expect-error No such event.
  await machine.sendToType('Scale', { type: 'LOADED' });
  await machine.sendToRandomOfType('Robot', { type: 'LOADED' });
  // @ts-expect-error No such event.
  await machine.sendToRandomOfType('Robot', { type: 'LOAD' });
  await machine.sendToOneOfType('Robot', { type: 'LOADED' }, { strategy: 'leastLoaded' });
  // @ts-expect-error No such event.
  await machine.sendToOneOfType('Robot', { type: 'LOAD' }, { strategy: 'leastLoaded' });
  // @ts-expect-error No such strategy.
  await machine.sendToOneOfType('Robot', { type: 'LOADED' }, { strategy: 'leastBusy' });
  await machine.sendToOneOfType('Robot', { type: 'LOADED' }, { strategy: 'hash', key: 'part 1' });
  // @ts-expect-error A hash needs a key.
  await machine.sendToOneOfType('Robot', { type: 'LOADED' }, { strategy: 'hash' });
  await machine.broadcastToSameType({ type: 'TARE' });
  // @ts-expect-error Its own type takes no such event.
  await machine.broadcastToSameType({ type: 'LOADED' });
  // @ts-expect-error No such type.
  await machine.discoverAndConnect('Robto');
  // @ts-expect-error No such type.
  machine.countOfType('Robto');

  // An address says nothing about events, but an event has a type.
  await machine.sendTo('Robot_1', { type: 'ANYTHING', n: 1 });
  // @ts-expect-error No type.
  await machine.sendTo('Robot_1', { kind: 'ANYTHING' });
  // @ts-expect-error No text.
  await machine.sendTo('Robot_1', { type: 5 });
  // @ts-expect-error No such way to wait.
  await machine.sendTo('Robot_1', { type: 'ANYTHING' }, { until: 'done' });
}

export async function finding(node: MachineRegistrator<PressLine>): Promise<void> {
  const [found] = node.discoverByType('Robot', { where: (machine) => machine.hasTag('busy') });
  // @ts-expect-error No such type.
  node.discoverByType('Robto');
  // @ts-expect-error No such type.
  node.subscribe('Robto', () => {});
  // @ts-expect-error A condition tells yes or no.
  node.discoverByType('Robot', { where: (machine) => machine.address });
  if (!found) return;

  await node.sendTo(found, { type: 'LOADED' });
  // @ts-expect-error What was found takes no such event.
  await node.sendTo(found, { type: 'TARE' });
  const [waited] = await node.waitForType('Robot', { count: 1 });
  if (waited) {
    await node.sendTo(waited, { type: 'PART_READY', part: 1 });
    // @ts-expect-error What was waited for takes no such event.
    await node.sendTo(waited, { type: 'PART_READY' });
  }
  const machine = await node.register('Scale', scale);
  const [connected] = await machine.discoverAndConnect('Robot');
  if (connected) {
    await machine.sendTo(connected, { type: 'LOADED' });
    // @ts-expect-error What was connected takes no such event.
    await machine.sendTo(connected, { type: 'TARE' });
  }
  // What was found by a pattern may be of any type.
  const [any] = node.discoverByPattern('R*');
  if (any) await node.sendTo(any, { type: 'ANYTHING' });
}

export async function asking(node: MachineRegistrator<PressLine>): Promise<void> {
  const weight = await node.ask({ type: 'Scale' }, { type: 'WEIGH', part: 1 });
  same<Same<typeof weight, Reply<{ type: 'WEIGHT'; grams: number }>>>();
  // @ts-expect-error The answer to another question.
  same<Same<typeof weight, Reply<{ type: 'TARED' }>>>();
  // @ts-expect-error It has no such property.
  weight.event.pounds;
  const tared = await node.ask({ type: 'Scale', strategy: 'preferLocal' }, { type: 'TARE' });
  same<Same<typeof tared.event, { type: 'TARED' }>>();
  // @ts-expect-error No such question.
  await node.ask({ type: 'Scale' }, { type: 'WEIHG', part: 1 });
  // @ts-expect-error A question of another type of machine.
  await node.ask({ type: 'Scale' }, { type: 'LOADED' });
  // @ts-expect-error No such type.
  await node.ask({ type: 'Scael' }, { type: 'TARE' });
  // @ts-expect-error Milliseconds are a number.
  await node.ask({ type: 'Scale' }, { type: 'TARE' }, { timeoutMs: '1 s' });

  const machine = await node.register('Scale', scale);
  const asked = await machine.ask(
    { type: 'Scale' },
    { type: 'WEIGH', part: 1 },
    { signal: AbortSignal.timeout(1_000) },
  );
  same<Same<typeof asked.event.grams, number>>();
  // @ts-expect-error No such question.
  await machine.ask({ type: 'Scale' }, { type: 'WEIHG', part: 1 });
  const [found] = node.discoverByType('Scale');
  if (found) {
    await machine.ask(found, { type: 'WEIGH', part: 1 });
    // @ts-expect-error What was found is not asked that.
    await machine.ask(found, { type: 'LOADED' });
  }
}

export function actors(node: InterMachineNode<PressLine>): void {
  const actor = node.actor({ type: 'Robot' });
  actor.send({ type: 'LOADED' });
  // @ts-expect-error No such event.
  actor.send({ type: 'LOAD' });
  const snapshot = actor.getSnapshot();
  same<Same<typeof snapshot.context, { readonly part: number } | undefined>>();
  same<Same<typeof snapshot.value, 'idle' | 'carrying' | undefined>>();
  snapshot.hasTag('busy');
  // @ts-expect-error No such tag.
  snapshot.hasTag('bsuy');
  // @ts-expect-error No such property.
  snapshot.context?.parts;
  actor.on('gripped', ({ part }) => part.toFixed());
  // @ts-expect-error It emits no such thing.
  actor.on('griped', () => {});
  // @ts-expect-error No such type.
  node.actor({ type: 'Robto' });

  const weigher = node.actor({ type: 'Scale' });
  weigher.send({ type: 'TARE' });
  // @ts-expect-error A contract's machine takes no such event.
  weigher.send({ type: 'LOADED' });

  // By an address the program says itself what it is.
  const one = node.actor<typeof robot>('Robot_1');
  one.send({ type: 'LOADED' });
  // @ts-expect-error No such event.
  one.send({ type: 'LOAD' });
}

/** Where no types are told, every name is one and every event is sent. */
export async function untyped(node: MachineRegistrator<AnyTypes>): Promise<void> {
  const machine = await node.register('Anything', robot, { input: { first: 1 } });
  // @ts-expect-error What the machine itself tells is known all the same.
  await node.register('Anything', robot, { input: { first: 'one' } });
  // @ts-expect-error An actor of its own type.
  machine.actor.send({ type: 'LOAD' });
  await machine.sendToType('Whatever', { type: 'ANYTHING', n: 1 });
  await machine.broadcastToSameType({ type: 'ANYTHING', n: 1 });
  // @ts-expect-error No type.
  await machine.sendToType('Whatever', { n: 1 });
  const reply = await node.ask({ type: 'Whatever' }, { type: 'ANYTHING' });
  same<Same<typeof reply, Reply>>();
}

/** What the compiler cannot see; docs/api.md says so. If one of these is found out one day, that is a line less there. */
export async function unseen(node: MachineRegistrator<PressLine>): Promise<void> {
  // An id or an address does not tell the type.
  await node.sendTo('Robot_1', { type: 'LAODED' });
  const reply = await node.ask('Scale_1', { type: 'WEIGH', part: 1 });
  same<Same<typeof reply, Reply>>();
  // A pattern may fit any type.
  for (const any of node.discoverByPattern('Robot*')) await node.sendTo(any, { type: 'LAODED' });
  // What is watched by its id may be anything: its context is unknown, and has to be looked at before it is used.
  node.watch('Robot_1', ({ context }) => same<Same<typeof context, unknown>>());
  // A condition and a watcher see the states of machines as texts.
  node.discoverByType('Robot', { where: (machine) => machine.matches('ilde') });
  node.watch('Robot_1', (snapshot) => snapshot.matches('ilde'));
  node.actor({ type: 'Robot' }).getSnapshot().matches('ilde');
}
