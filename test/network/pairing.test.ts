import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_WRONG_CODES, PAIRING_RESULT_MS, PAIRING_WINDOW_MS } from '../../main/core/defaults.ts';
import type { PairingView } from '../../shared/api.ts';
import { idOf, keyOf, type Started, World } from '../support/world.ts';

let world: World;
let a: Started;
let b: Started;
beforeEach(async () => {
  world = new World();
  a = await world.start('a', { key: 'one' });
  b = await world.start('b', { key: 'other' });
  await world.advance(1_000);
});
afterEach(() => world.stop());

const pairingOf = ({ node }: Started): PairingView | undefined => node.trust.view().pairing;
const stateOf = ({ node }: Started, of: string) => node.peers().find((peer) => peer.id === idOf(of))?.state;
const linked = () => [stateOf(a, 'b'), stateOf(b, 'a')];
const another = (code = ''): string => code.replace(/^./, (digit) => String((Number(digit) + 1) % 10));

describe('comparing digits', () => {
  test('both show the same six, both people agree, and the two are members of the opener’s network', async () => {
    a.node.trust.compareWith(idOf('b'), { by: 'dashboard' });
    await world.settle();
    expect(pairingOf(a)).toMatchObject({
      opened: true,
      asked: false,
      stage: 'comparing',
      peer: { id: idOf('b'), name: 'b' },
    });
    expect(pairingOf(b)).toMatchObject({
      opened: false,
      asked: true,
      stage: 'comparing',
      peer: { id: idOf('a'), name: 'a' },
    });
    expect(pairingOf(a)?.digits).toMatch(/^\d{6}$/);
    expect(pairingOf(b)?.digits).toBe(pairingOf(a)?.digits);

    b.node.trust.agree({ by: 'command' });
    await world.settle();
    expect(pairingOf(a)).toMatchObject({ agreed: false, peerAgreed: true });
    expect(b.node.trust.keyId).toBe(keyOf('other').id);
    a.node.trust.agree({ by: 'dashboard' });
    await world.advance(1_000);
    expect([pairingOf(a)?.stage, pairingOf(b)?.stage]).toEqual(['paired', 'paired']);
    expect(linked()).toEqual(['alive', 'alive']);
    expect([a.node.trust.keyId, b.node.trust.keyId]).toEqual([keyOf('one').id, keyOf('one').id]);
    expect(await a.node.trust.audit()).toMatchObject([
      { action: 'pair', subject: idOf('b'), by: 'dashboard', detail: 'compared digits, gave the key' },
    ]);
    expect(await b.node.trust.audit()).toMatchObject([
      { action: 'pair', subject: idOf('a'), by: 'command', detail: 'compared digits, took the key' },
    ]);
    await world.advance(PAIRING_RESULT_MS);
    expect([pairingOf(a), pairingOf(b)]).toEqual([undefined, undefined]);
  });

  test('a node that was a member already talks to the new one, too', async () => {
    const c = await world.start('c', { key: 'one' });
    a.node.trust.compareWith(idOf('b'));
    await world.settle();
    for (const { node } of [a, b]) node.trust.agree();
    await world.advance(5_000);
    expect([stateOf(c, 'b'), stateOf(b, 'c')]).toEqual(['alive', 'alive']);
  });

  test('before both agreed no key passes, and when one side ends it none ever does', async () => {
    a.node.trust.compareWith(idOf('b'));
    await world.settle();
    a.node.trust.agree();
    await world.settle();
    b.node.trust.endPairing();
    await world.advance(1_000);
    expect(pairingOf(a)).toMatchObject({ stage: 'failed', problem: 'it was ended there' });
    expect(pairingOf(b)).toBeUndefined();
    expect(b.node.trust.keyId).toBe(keyOf('other').id);
    expect(linked()).toEqual(['untrusted', 'untrusted']);
    // Sent away, it is not heard for a while; the one that sent it away may still come to it.
    a.node.trust.compareWith(idOf('b'));
    await world.advance(1_000);
    expect(pairingOf(a)).toMatchObject({ stage: 'failed', problem: 'it was ended there' });
    b.node.trust.compareWith(idOf('a'));
    await world.advance(1_000);
    expect(pairingOf(a)).toMatchObject({ stage: 'comparing', asked: true });
  });

  test('the window closes after two minutes', async () => {
    a.node.trust.compareWith(idOf('b'));
    await world.advance(PAIRING_WINDOW_MS - 1_000, 1_000);
    expect([pairingOf(a)?.stage, pairingOf(b)?.stage]).toEqual(['comparing', 'comparing']);
    await world.advance(2_000);
    expect(pairingOf(a)).toMatchObject({ stage: 'failed', problem: expect.stringContaining('2 minutes') });
    expect(pairingOf(b)).toBeUndefined();
    expect(() => b.node.trust.agree()).toThrow(expect.objectContaining({ code: 'PAIRING_FAILED' }));
  });

  test('one window at a time; what a stranger asked for gives way to what a person here wants', async () => {
    await world.start('c', { key: 'third' });
    await world.advance(1_000);
    a.node.trust.compareWith(idOf('b'));
    await world.settle();
    expect(() => a.node.trust.compareWith(idOf('c'))).toThrow(expect.objectContaining({ code: 'PAIRING_BUSY' }));
    await expect(a.node.trust.showCode()).rejects.toMatchObject({ code: 'PAIRING_BUSY' });
    b.node.trust.compareWith(idOf('c'));
    await world.settle();
    expect(pairingOf(b)).toMatchObject({ opened: true, peer: { id: idOf('c') } });
    expect(pairingOf(a)).toMatchObject({ stage: 'failed' });
  });

  test('a stranger that comes while another pairing is under way is told so', async () => {
    const c = await world.start('c', { key: 'third' });
    await world.advance(1_000);
    a.node.trust.compareWith(idOf('b'));
    await world.settle();
    c.node.trust.compareWith(idOf('b'));
    await world.advance(1_000);
    expect(pairingOf(c)).toMatchObject({ stage: 'failed', problem: 'another pairing is under way here' });
    expect(pairingOf(b)).toMatchObject({ stage: 'comparing', peer: { id: idOf('a') } });
  });

  test('when both people open a window at once, the smaller id gives the key', async () => {
    b.node.trust.compareWith(idOf('a'));
    a.node.trust.compareWith(idOf('b'));
    await world.advance(1_000);
    expect([pairingOf(a)?.opened, pairingOf(b)?.opened]).toEqual([true, false]);
    expect(pairingOf(a)?.digits).toBe(pairingOf(b)?.digits);
    for (const { node } of [a, b]) node.trust.agree();
    await world.advance(1_000);
    expect(linked()).toEqual(['alive', 'alive']);
  });

  test('a node with others in its network is asked which of them move', async () => {
    const c = await world.start('c', { key: 'other' });
    await world.advance(1_000);
    a.node.trust.compareWith(idOf('b'));
    await world.settle();
    a.node.trust.agree();
    expect(() => b.node.trust.agree()).toThrow(expect.objectContaining({ code: 'MEMBERS_UNDECIDED' }));
    b.node.trust.agree({ bring: 'all' });
    await world.advance(5_000);
    expect(linked()).toEqual(['alive', 'alive']);
    expect([stateOf(c, 'a'), stateOf(c, 'b')]).toEqual(['alive', 'alive']);
    expect(c.node.trust.keyId).toBe(keyOf('one').id);
  });

  test('or it moves alone, and leaves the others behind', async () => {
    const c = await world.start('c', { key: 'other' });
    await world.advance(1_000);
    a.node.trust.compareWith(idOf('b'));
    await world.settle();
    a.node.trust.agree();
    b.node.trust.agree({ bring: 'alone' });
    await world.advance(5_000);
    expect(linked()).toEqual(['alive', 'alive']);
    expect([stateOf(c, 'a'), stateOf(c, 'b')]).toEqual(['untrusted', 'untrusted']);
  });
});

describe('typing a code', () => {
  test('the right one makes both members of the network that shows it', async () => {
    await a.node.trust.showCode({ by: 'command' });
    const { code } = pairingOf(a) ?? {};
    expect(code).toMatch(/^\d{8}$/);
    await b.node.trust.typeCode(idOf('a'), code ?? '', { by: 'command' });
    await world.advance(1_000);
    expect([pairingOf(a)?.stage, pairingOf(b)?.stage]).toEqual(['paired', 'paired']);
    expect(linked()).toEqual(['alive', 'alive']);
    expect(b.node.trust.keyId).toBe(keyOf('one').id);
    expect(await a.node.trust.audit()).toMatchObject([{ action: 'pair', detail: 'typed code, gave the key' }]);
  });

  test('wrong ones are told so; the fifth closes the window, and the right one comes too late', async () => {
    await a.node.trust.showCode();
    const { code = '' } = pairingOf(a) ?? {};
    for (let wrong = 1; wrong <= MAX_WRONG_CODES; wrong++) {
      expect(pairingOf(a)?.stage).toBe('showing');
      await b.node.trust.typeCode(idOf('a'), another(code));
      await world.advance(1_000);
      expect(pairingOf(b)).toMatchObject({ stage: 'failed', problem: 'The code is wrong' });
    }
    expect(pairingOf(a)).toMatchObject({ stage: 'failed', problem: 'a wrong code was typed 5 times' });
    await b.node.trust.typeCode(idOf('a'), code);
    await world.advance(1_000);
    expect(pairingOf(b)).toMatchObject({ stage: 'failed', problem: 'no code is shown here' });
    expect(linked()).toEqual(['untrusted', 'untrusted']);
    expect(b.node.trust.keyId).toBe(keyOf('other').id);
  });

  test('after a wrong one the right one is taken', async () => {
    await a.node.trust.showCode();
    const { code = '' } = pairingOf(a) ?? {};
    await b.node.trust.typeCode(idOf('a'), another(code));
    await world.advance(1_000);
    await b.node.trust.typeCode(idOf('a'), code);
    await world.advance(1_000);
    expect(linked()).toEqual(['alive', 'alive']);
  });

  test('what is no code is refused before anything is dialled', async () => {
    await expect(b.node.trust.typeCode(idOf('a'), '123')).rejects.toMatchObject({ code: 'PAIRING_FAILED' });
    expect(pairingOf(b)).toBeUndefined();
  });
});

describe('nothing is paired', () => {
  test('with a node that is not around, is blocked, or is a member already', async () => {
    expect(() => a.node.trust.compareWith(idOf('z'))).toThrow(expect.objectContaining({ code: 'NODE_UNKNOWN' }));
    expect(() => a.node.trust.compareWith('nonsense')).toThrow(expect.objectContaining({ code: 'NODE_UNKNOWN' }));
    await world.start('c', { key: 'one' });
    await world.advance(1_000);
    expect(() => a.node.trust.compareWith(idOf('c'))).toThrow(expect.objectContaining({ code: 'PAIRING_FAILED' }));
    await world.after(a.node.trust.block(idOf('b')));
    expect(() => a.node.trust.compareWith(idOf('b'))).toThrow(expect.objectContaining({ code: 'PAIRING_FAILED' }));
    b.node.trust.compareWith(idOf('a'));
    await world.advance(5_000);
    expect(pairingOf(b)).toMatchObject({ stage: 'failed' });
    expect(pairingOf(a)).toBeUndefined();
  });

  test('by an open node', async () => {
    const open = await world.start('o', { open: true });
    await world.advance(1_000);
    expect(() => open.node.trust.compareWith(idOf('a'))).toThrow(expect.objectContaining({ code: 'PAIRING_FAILED' }));
    a.node.trust.compareWith(idOf('o'));
    await world.advance(1_000);
    expect(pairingOf(a)).toMatchObject({ stage: 'failed', problem: expect.stringContaining('open') });
  });

  test('when the cable breaks in the middle', async () => {
    a.node.trust.compareWith(idOf('b'));
    await world.settle();
    world.network.partition(idOf('a'), idOf('b'));
    await world.advance(5_000);
    expect(pairingOf(a)).toMatchObject({ stage: 'failed' });
    expect(pairingOf(b)).toBeUndefined();
  });
});
