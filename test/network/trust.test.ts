import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryDisk } from '../../main/adapters/store/memory-disk.ts';
import { collector } from '../support/machines.ts';
import { idOf, keyOf, type Started, World } from '../support/world.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.stop());

const stateOf = ({ node }: Started, of: string) => node.peers().find((peer) => peer.id === idOf(of))?.state;
const keyIds = (...nodes: Started[]) => nodes.map(({ node }) => node.trust.keyId);
const actions = async ({ node }: Started) =>
  (await node.trust.audit()).map(({ action, subject, by }) => [action, subject, by]).reverse();

describe('strangers', () => {
  test('nodes of different keys see each other’s name and types, and nothing else', async () => {
    const a = await world.start('a', { key: 'one' });
    const b = await world.start('b', { key: 'other' });
    await world.after(b.node.register('Pong', collector));
    await world.advance(1_000);
    expect(a.node.trust.view().strangers).toMatchObject([{ id: idOf('b'), name: 'b', types: ['Pong'] }]);
    expect(b.node.trust.view().strangers).toMatchObject([{ id: idOf('a'), name: 'a' }]);
    expect(b.node.trust.view().strangers[0]?.knockedAt).toBeDefined();
    expect(a.node.machines()).toEqual([]);
    expect(a.node.trust.view().members).toBe(0);
  });

  test('T6: one that has the name of a member is shown with a warning', async () => {
    const a = await world.start('a');
    await world.start('bb');
    await world.start('c', { key: 'other', name: 'bb' });
    await world.start('d', { key: 'other', name: 'a' });
    await world.advance(1_000);
    const namesakes = a.node.trust.view().strangers.map(({ id, namesake }) => [id, namesake]);
    expect(namesakes).toEqual([
      [idOf('c'), idOf('bb')],
      [idOf('d'), idOf('a')],
    ]);
  });

  test('one that said goodbye is forgotten', async () => {
    const a = await world.start('a', { key: 'one' });
    const b = await world.start('b', { key: 'other' });
    await world.advance(1_000);
    await world.after(b.node.stop());
    expect(a.node.peers()).toEqual([]);
  });
});

describe('trusting an id', () => {
  test('lets the two talk once both do, and gives no key away', async () => {
    const a = await world.start('a', { key: 'one' });
    const b = await world.start('b', { key: 'other' });
    await world.advance(1_000);
    await world.after(a.node.trust.trust(idOf('b')));
    await world.advance(1_000);
    expect(stateOf(a, 'b')).toBe('untrusted');
    await world.after(b.node.trust.trust(idOf('a')));
    await world.advance(1_000);
    expect([stateOf(a, 'b'), stateOf(b, 'a')]).toEqual(['alive', 'alive']);
    expect(keyIds(a, b)).toEqual([keyOf('one').id, keyOf('other').id]);
    await world.after(a.node.trust.revoke(idOf('b')));
    expect([stateOf(a, 'b'), stateOf(b, 'a')]).toEqual(['untrusted', 'untrusted']);
    expect(await actions(a)).toEqual([
      ['trust', idOf('b'), 'program'],
      ['revoke', idOf('b'), 'program'],
    ]);
  });

  test('is refused for what is no id, and for our own', async () => {
    const a = await world.start('a');
    await expect(a.node.trust.trust('b')).rejects.toMatchObject({ code: 'ADDRESS_INVALID' });
    await expect(a.node.trust.block(idOf('a'))).rejects.toMatchObject({ code: 'NODE_UNKNOWN' });
  });
});

describe('a fresh key', () => {
  test('reaches every member at once, and those that were away when they are back', async () => {
    const [a, b, c] = [await world.start('a'), await world.start('b'), await world.start('c')];
    world.network.partition(idOf('a'), idOf('c'));
    world.network.partition(idOf('b'), idOf('c'));
    await world.advance(10_000);
    await world.after(a.node.trust.rotate({ by: 'dashboard' }));
    await world.advance(1_000);
    expect(keyIds(a, b)).toEqual([a.node.trust.keyId, a.node.trust.keyId]);
    expect(keyIds(c)).toEqual([keyOf('shared').id]);

    world.network.heal(idOf('b'), idOf('c'));
    await world.advance(15_000);
    expect(keyIds(c)).toEqual(keyIds(a));
    expect(stateOf(c, 'b')).toBe('alive');
    expect(await actions(a)).toEqual([['rotate', '', 'dashboard']]);
    expect((await actions(b)).map(([action, , by]) => [action, by])).toEqual([['rotate', `member ${idOf('a')}`]]);
  });

  test('given on both sides of a cut cable, the same one holds everywhere afterwards', async () => {
    const sides = [
      ['a', 'b'],
      ['c', 'd'],
    ] as const;
    const started = new Map<string, Started>();
    for (const name of sides.flat()) started.set(name, await world.start(name));
    const node = (name: string) => started.get(name) as Started;
    await world.start('x');
    await world.advance(1_000);
    for (const left of sides[0]) for (const right of sides[1]) world.network.partition(idOf(left), idOf(right));
    await world.advance(10_000);
    // Two people change the key, one of them twice, and shuts somebody out.
    await world.after(node('a').node.trust.rotate());
    await world.after(node('d').node.trust.rotate());
    await world.advance(1_000);
    await world.after(node('c').node.trust.block(idOf('x')));
    for (const left of sides[0]) for (const right of sides[1]) world.network.heal(idOf(left), idOf(right));
    await world.advance(30_000);
    const all = sides.flat().map(node);
    expect(new Set(keyIds(...all)).size).toBe(1);
    for (const each of all)
      for (const other of all) if (each !== other) expect(stateOf(each, other.node.name)).toBe('alive');
    for (const each of all) expect(stateOf(each, 'x')).toMatch(/untrusted|blocked/);
  });

  test('given many times while a member is away, it is let in when it is back', async () => {
    const [a, b] = [await world.start('a'), await world.start('b')];
    await world.advance(1_000);
    world.network.partition(idOf('a'), idOf('b'));
    await world.advance(10_000);
    for (let n = 0; n < 40; n++) {
      await world.after(a.node.trust.rotate());
      await world.advance(60_000);
    }
    world.network.heal(idOf('a'), idOf('b'));
    await world.advance(600_000);
    expect(stateOf(a, 'b')).toBe('alive');
    expect(keyIds(b)).toEqual(keyIds(a));
  });

  test('may be followed by another one on the same line', async () => {
    const [a, b] = [await world.start('a'), await world.start('b')];
    await world.advance(1_000);
    for (const rotating of [a, a, b, a, b]) {
      await world.after(rotating.node.trust.rotate());
      await world.advance(500);
      expect(a.node.trust.keyId).toBe(b.node.trust.keyId);
    }
    expect([a.problems, b.problems]).toEqual([[], []]);
  });

  test('survives a restart that is set up with the old one', async () => {
    const disk = new MemoryDisk();
    const a = await world.start('a', { disk });
    await world.after(a.node.trust.rotate());
    const { keyId } = a.node.trust;
    await world.after(a.node.stop());
    const later = await world.start('a', { disk });
    expect(later.node.trust.keyId).toBe(keyId);
  });
});

describe('blocking', () => {
  test('cuts the line at once, everywhere, and survives restarts on both sides', async () => {
    const [diskA, diskX] = [new MemoryDisk(), new MemoryDisk()];
    const a = await world.start('a', { disk: diskA });
    const b = await world.start('b');
    const x = await world.start('x', { disk: diskX });
    await world.after(x.node.register('Sink', collector));
    await world.advance(1_000);
    expect(stateOf(a, 'x')).toBe('alive');

    const blocking = a.node.trust.block(idOf('x'), { by: 'command' });
    expect(stateOf(a, 'x')).toBe('blocked');
    await world.after(blocking);
    await world.advance(500);
    // It has the old key, which is worth nothing for it at the other members either.
    expect(stateOf(b, 'x')).toBe('untrusted');
    expect(stateOf(x, 'a')).toBe('untrusted');
    expect(a.node.discoverByType('Sink')).toEqual([]);
    expect(keyIds(a, b)[0]).toBe(keyIds(a, b)[1]);
    expect(keyIds(x)).toEqual([keyOf('shared').id]);

    await world.after(a.node.stop());
    await world.after(x.node.stop());
    const again = await world.start('a', { disk: diskA });
    const sameX = await world.start('x', { disk: diskX });
    await world.advance(20_000);
    expect(stateOf(again, 'x')).toBe('blocked');
    expect(stateOf(b, 'x')).toBe('untrusted');
    expect(stateOf(again, 'b')).toBe('alive');
    expect(sameX.node.machines().every(({ local }) => local)).toBe(true);
    expect(await actions(again)).toEqual([['block', idOf('x'), 'command']]);
  });

  test('is told to the others before it is on disk: whoever is shut out gains no time', async () => {
    const [a, b] = [await world.start('a'), await world.start('b')];
    await world.start('x');
    await world.advance(1_000);
    a.store.failNext('STORE_FULL');
    await expect(world.after(a.node.trust.block(idOf('x')))).rejects.toMatchObject({ code: 'STORE_FULL' });
    await world.advance(100);
    expect(stateOf(b, 'x')).toBe('untrusted');
    expect(keyIds(b)).toEqual(keyIds(a));
  });

  test('shuts it out under a new id, too', async () => {
    const [a, b] = [await world.start('a'), await world.start('b')];
    await world.start('x');
    await world.advance(1_000);
    await world.after(a.node.trust.block(idOf('x')));
    await world.advance(1_000);
    await world.start('y');
    await world.advance(5_000);
    expect([stateOf(a, 'y'), stateOf(b, 'y')]).toEqual(['untrusted', 'untrusted']);
    expect(a.node.trust.view().strangers.map(({ id }) => id)).toContain(idOf('y'));
  });

  test('unblocked it is a stranger that may ask again, and has no key', async () => {
    const a = await world.start('a');
    await world.start('x');
    await world.advance(1_000);
    await world.after(a.node.trust.block(idOf('x')));
    await world.after(a.node.trust.unblock(idOf('x')));
    await world.advance(5_000);
    expect(stateOf(a, 'x')).toBe('untrusted');
    expect(a.node.trust.view().blocked).toEqual([]);
  });

  test('works in an open network, where there is no key to replace', async () => {
    const a = await world.start('a', { open: true });
    await world.start('x', { open: true });
    await world.advance(1_000);
    expect(stateOf(a, 'x')).toBe('alive');
    expect(a.node.trust.view()).toMatchObject({ open: true, replaced: [] });
    await world.after(a.node.trust.block(idOf('x')));
    await world.advance(10_000);
    expect(stateOf(a, 'x')).toBe('blocked');
    await expect(a.node.trust.rotate()).rejects.toMatchObject({ code: 'NETWORK_KEY_INVALID' });
  });
});

describe('joining another network by its key', () => {
  test('a node that is alone moves at once', async () => {
    const a = await world.start('a', { key: 'one' });
    const b = await world.start('b', { key: 'other' });
    await world.advance(1_000);
    await world.after(b.node.trust.join(keyOf('one').reveal(), { by: 'command' }));
    await world.advance(1_000);
    expect([stateOf(a, 'b'), stateOf(b, 'a')]).toEqual(['alive', 'alive']);
    expect(await actions(b)).toEqual([['join', 'alone', 'command']]);
  });

  test('a node with others in its network is asked whether it brings them', async () => {
    const [a, b, c] = [await world.start('a', { key: 'one' }), await world.start('b'), await world.start('c')];
    await world.advance(1_000);
    const key = keyOf('one').reveal();
    await expect(b.node.trust.join(key)).rejects.toMatchObject({ code: 'MEMBERS_UNDECIDED' });

    await world.after(b.node.trust.join(key, { bring: 'alone' }));
    await world.advance(1_000);
    expect([stateOf(b, 'a'), stateOf(b, 'c'), stateOf(c, 'b')]).toEqual(['alive', 'untrusted', 'untrusted']);
    expect(b.node.trust.view().members).toBe(1);
    expect(keyIds(a, b)).toEqual([keyOf('one').id, keyOf('one').id]);
  });

  test('whom it left counts for nothing any more, after a restart too', async () => {
    const disk = new MemoryDisk();
    const b = await world.start('b', { disk });
    const [c, d] = [await world.start('c'), await world.start('d')];
    await world.advance(1_000);
    await world.after(d.node.stop());
    await world.advance(10_000);
    await world.after(b.node.trust.join(keyOf('one').reveal(), { bring: 'alone' }));
    expect(b.node.trust.view().members).toBe(0);
    await world.after(c.node.stop());
    await world.after(b.node.stop());
    const again = await world.start('b', { disk });
    expect(again.node.trust.view().members).toBe(0);
    // Nobody has to be asked about.
    await world.after(again.node.trust.join(keyOf('shared').reveal()));
    const back = await world.start('c');
    await world.advance(2_000);
    expect([stateOf(again, 'c'), stateOf(back, 'b')]).toEqual(['alive', 'alive']);
    expect(again.node.trust.view().members).toBe(1);
  });

  test('and all that it brings are in one network afterwards', async () => {
    const [a, b, c] = [await world.start('a', { key: 'one' }), await world.start('b'), await world.start('c')];
    await world.advance(1_000);
    await world.after(b.node.trust.join(keyOf('one').reveal(), { bring: 'all' }));
    await world.advance(5_000);
    expect(new Set(keyIds(a, b, c))).toEqual(new Set([keyOf('one').id]));
    for (const [node, of] of [
      [a, 'b'],
      [a, 'c'],
      [b, 'c'],
      [c, 'a'],
    ] as const)
      expect(stateOf(node, of)).toBe('alive');
  });

  test('what is no key is refused and changes nothing', async () => {
    const a = await world.start('a');
    await expect(a.node.trust.join('my dog')).rejects.toMatchObject({ code: 'NETWORK_KEY_INVALID' });
    expect(keyIds(a)).toEqual([keyOf('shared').id]);
  });
});
