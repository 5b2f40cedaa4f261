import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { NetworkIdentity } from '../../main/adapters/identity/network-identity.ts';
import { KEY_OVERLAP_MS, MAX_LEFT_KEYS, MAX_REPLACED_KEYS, MAX_WITHOUT } from '../../main/core/defaults.ts';
import type { Connection, NetworkKey, Proof, TrustState } from '../../main/core/ports.ts';
import { Trust } from '../../main/core/trust.ts';
import { idOf, keyOf } from '../support/world.ts';

const [self, kitchen, cellar] = [idOf('s'), idOf('k'), idOf('c')];
const [old, fresh, other] = [keyOf('old'), keyOf('fresh'), keyOf('other')];

let now: number;
let known: Set<string>;
beforeEach(() => {
  now = 1_000;
  known = new Set();
});

interface Setup {
  readonly stored?: TrustState;
  readonly configured?: NetworkKey;
  readonly open?: boolean;
}
const trustWith = ({ stored, configured, open = false }: Setup = {}) =>
  new Trust({
    identity: new NetworkIdentity(self),
    open,
    clock: { wallTime: () => now },
    stored,
    configured,
    isKnown: (node) => known.has(node),
  });

const lineTo = (peer: string): Connection => ({ peer, binding: randomBytes(32) }) as unknown as Connection;
/** Whether a node that has these keys is let in. */
const isIn = (trust: Trust, peer: string, ...keys: NetworkKey[]): boolean => {
  const line = lineTo(peer);
  const proofs: Proof[] = keys.map((key) => ({ keyId: key.id, mac: key.prove(line, 'dialler') }));
  return trust.admit(line, 'dialler', proofs) !== undefined;
};

describe('at the door', () => {
  test('whoever has the key is let in, and nobody else', () => {
    const trust = trustWith({ configured: old });
    expect(isIn(trust, kitchen, old)).toBe(true);
    expect(isIn(trust, kitchen, other)).toBe(false);
    expect(isIn(trust, kitchen)).toBe(false);
    known.add(kitchen);
    expect(isIn(trust, kitchen, other)).toBe(false);
  });

  test('a proof of another key under the name of ours is refused', () => {
    const line = lineTo(kitchen);
    const proofs = [{ keyId: old.id, mac: other.prove(line, 'dialler') }];
    expect(trustWith({ configured: old }).admit(line, 'dialler', proofs)).toBeUndefined();
  });

  test('whom a person trusts needs no key, until that is taken back', () => {
    const trust = trustWith({ configured: old });
    trust.trust({ id: kitchen, name: 'kitchen', at: 1 });
    expect(isIn(trust, kitchen)).toBe(true);
    expect(isIn(trust, cellar)).toBe(false);
    trust.forget(kitchen);
    expect(isIn(trust, kitchen)).toBe(false);
  });

  test('whom a person blocks is out, with the key, trusted, known, and in an open network too', () => {
    for (const open of [false, true]) {
      const trust = trustWith({ ...(!open && { configured: old }), open });
      known.add(kitchen);
      trust.trust({ id: kitchen, name: 'kitchen', at: 1 });
      trust.block({ id: kitchen, name: 'kitchen', at: 2 });
      expect([isIn(trust, kitchen, old), trust.isBlocked(kitchen)]).toEqual([false, true]);
      trust.forget(kitchen);
      expect([isIn(trust, kitchen, old), trust.isBlocked(kitchen)]).toEqual([true, false]);
    }
  });

  test('an open node lets anybody in, and still shows a closed one the key that it has', () => {
    const trust = trustWith({ open: true, stored: trustWith({ configured: old }).state });
    expect(isIn(trust, kitchen)).toBe(true);
    expect(trust.proofs(lineTo(kitchen), 'dialler').map(({ keyId }) => keyId)).toEqual([old.id]);
  });

  test('a node without a key lets nobody in', () => {
    expect(isIn(trustWith(), kitchen, old)).toBe(false);
  });
});

describe('when the key is replaced', () => {
  test('the new one lets in whoever has it, the old one those alone who were known', () => {
    const trust = trustWith({ configured: old });
    known.add(kitchen);
    trust.replaceKey(fresh);
    expect(isIn(trust, cellar, fresh)).toBe(true);
    expect(isIn(trust, kitchen, old)).toBe(true);
    expect(isIn(trust, cellar, old)).toBe(false);
    expect(trust.replaced).toEqual([{ keyId: old.id, until: now + KEY_OVERLAP_MS }]);
  });

  test('both are shown, since the peer may not have heard of it', () => {
    const trust = trustWith({ configured: old });
    trust.replaceKey(fresh);
    expect(trust.proofs(lineTo(kitchen), 'listener').map(({ keyId }) => keyId)).toEqual([fresh.id, old.id]);
  });

  test('after 30 days the old one is worth nothing and is not shown', () => {
    const trust = trustWith({ configured: old });
    known.add(kitchen);
    trust.replaceKey(fresh);
    now += KEY_OVERLAP_MS - 1;
    expect(isIn(trust, kitchen, old)).toBe(true);
    now += 1;
    expect(isIn(trust, kitchen, old)).toBe(false);
    expect(trust.proofs(lineTo(kitchen), 'dialler')).toHaveLength(1);
    expect(trustWith({ stored: trust.state }).replaced).toEqual([]);
  });

  test('it is worth nothing for those who are named, though they were known', () => {
    const trust = trustWith({ configured: old });
    known.add(kitchen).add(cellar);
    trust.replaceKey(fresh, [kitchen]);
    expect([isIn(trust, kitchen, old), isIn(trust, cellar, old)]).toEqual([false, true]);
    expect(isIn(trust, kitchen, fresh)).toBe(true);
    trust.welcomed(kitchen);
    expect(isIn(trust, kitchen, old)).toBe(true);
  });

  test('however often, no more is kept than the bounds say', () => {
    const trust = trustWith({ configured: old });
    for (let n = 0; n < 500; n++)
      trust.replaceKey(keyOf(`k${n}`), [idOf(`n${n}`.replace(/\d/g, (d) => 'abcdefghij'[+d] ?? ''))]);
    expect(trust.state.keys).toHaveLength(1 + MAX_REPLACED_KEYS);
    expect(trust.without.length).toBeLessThanOrEqual(MAX_WITHOUT);
    for (let n = 0; n < 500; n++) trust.move(keyOf(`m${n}`));
    expect(trust.state.left).toHaveLength(MAX_LEFT_KEYS);
  });
});

describe('after a restart', () => {
  const rotated = () => {
    const trust = trustWith({ configured: old });
    trust.trust({ id: kitchen, name: 'kitchen', at: 1 });
    trust.block({ id: cellar, name: 'cellar', at: 2 });
    trust.replaceKey(fresh, [cellar]);
    return trust.state;
  };

  test('all of it is as it was', () => {
    const state = rotated();
    expect(trustWith({ stored: JSON.parse(JSON.stringify(state)) as TrustState }).state).toEqual(state);
  });

  test('a key that was replaced does not come back because it is still written down somewhere', () => {
    expect(trustWith({ stored: rotated(), configured: old }).key?.id).toBe(fresh.id);
  });

  test('nor does the key of a network that was left', () => {
    const trust = trustWith({ configured: old });
    trust.move(other);
    expect(trustWith({ stored: trust.state, configured: old }).key?.id).toBe(other.id);
    // By hand it may.
    trust.move(old);
    expect(trustWith({ stored: trust.state, configured: other }).key?.id).toBe(old.id);
  });

  test('a key that was never seen is an instruction to move, and the old network counts for nothing', () => {
    known.add(kitchen);
    const trust = trustWith({ stored: rotated(), configured: other });
    expect(trust.key?.id).toBe(other.id);
    expect([isIn(trust, idOf('z'), fresh), isIn(trust, idOf('z'), old)]).toEqual([false, false]);
    expect(trust.isBlocked(cellar)).toBe(true);
  });
});
