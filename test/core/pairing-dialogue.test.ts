import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pairingMath } from '../../main/adapters/identity/pairing.ts';
import { CodeDialogue, type Dialogue, type DialogueParts, DigitsDialogue } from '../../main/core/pairing-dialogue.ts';
import type { PairingFrame } from '../../main/core/pairing-frames.ts';
import type { PairingScene } from '../../main/core/ports.ts';
import { idOf, keyOf } from '../support/world.ts';

// One honest side; what comes to it may be anything.

const scene: PairingScene = { binding: randomBytes(32), opener: idOf('a'), other: idOf('b') };
const KEY = keyOf('one').reveal();
const secret = await pairingMath.codeSecret('12345678', scene.opener);
const wrongSecret = await pairingMath.codeSecret('12345679', scene.opener);

function side(isOpener: boolean, make: (parts: DialogueParts) => Dialogue = (parts) => new DigitsDialogue(parts)) {
  const sent: PairingFrame[] = [];
  const taken: string[] = [];
  const dialogue = make({
    math: pairingMath,
    scene,
    isOpener,
    send: (frame) => sent.push(frame),
    key: () => KEY,
    take: async (key) => void taken.push(key),
    changed: () => {},
    paired: () => {},
    failed: () => {},
  });
  return { dialogue, sent, taken };
}

const nonce = pairingMath.newNonce();
const anyFrame: fc.Arbitrary<PairingFrame> = fc.constantFrom<PairingFrame>(
  { type: 'pairOffer', commitment: pairingMath.commitmentTo(nonce, scene) },
  { type: 'pairOffer', commitment: '00'.repeat(32) },
  { type: 'pairNonce', nonce },
  { type: 'pairNonce', nonce: '00'.repeat(32) },
  { type: 'pairAgree' },
  { type: 'pairShare', share: pairingMath.codeRun(wrongSecret, scene, false).share },
  { type: 'pairShare', share: pairingMath.codeRun(wrongSecret, scene, true).share },
  { type: 'pairProof', proof: '00'.repeat(32) },
  { type: 'pairKey', key: KEY },
  { type: 'pairKey', key: KEY, proof: '00'.repeat(32) },
  { type: 'pairDone' },
);
const steps = fc.array(fc.oneof({ weight: 6, arbitrary: anyFrame }, fc.constant('agree' as const)), { maxLength: 12 });

/** What comes, until something is out of place: then the line is closed. Returns whether the person here agreed. */
function play(dialogue: Dialogue, story: readonly (PairingFrame | 'agree')[]): boolean {
  let agreed = false;
  try {
    dialogue.begin();
    for (const step of story) {
      if (step === 'agree') {
        dialogue.agree();
        agreed = true;
      } else dialogue.frame(step);
    }
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'PAIRING_FAILED' });
  }
  return agreed;
}

describe('whatever comes', () => {
  test.each([true, false])('no key goes out or comes in before the person agreed (opener: %s)', (isOpener) => {
    fc.assert(
      fc.property(steps, (story) => {
        const { dialogue, sent, taken } = side(isOpener);
        const agreed = play(dialogue, story);
        const keys = sent.filter(({ type }) => type === 'pairKey').length;
        if (!agreed) expect([keys, taken.length]).toEqual([0, 0]);
        expect(keys).toBeLessThanOrEqual(isOpener ? 1 : 0);
        expect(taken.length).toBeLessThanOrEqual(isOpener ? 0 : 1);
        // Digits are shown only for a nonce that was fixed before ours was known.
        if (!isOpener && dialogue.digits !== undefined)
          expect(story).toContainEqual({ type: 'pairOffer', commitment: pairingMath.commitmentTo(nonce, scene) });
      }),
      { seed: 20_261_124, numRuns: 2_000 },
    );
  });

  test.each([true, false])('who does not know the code gets no key and gives none (opener: %s)', (isOpener) => {
    fc.assert(
      fc.property(steps, (story) => {
        const { dialogue, sent, taken } = side(isOpener, (parts) => new CodeDialogue(parts, secret));
        play(dialogue, story);
        expect([sent.filter(({ type }) => type === 'pairKey').length, taken.length]).toEqual([0, 0]);
      }),
      { seed: 20_261_124, numRuns: 60 },
    );
  });
});

describe('comparing digits', () => {
  test('the opener reveals its nonce only when the other’s is there, and the other checks it', () => {
    const opener = side(true);
    opener.dialogue.begin();
    expect(opener.sent).toMatchObject([{ type: 'pairOffer' }]);
    opener.dialogue.frame({ type: 'pairNonce', nonce });
    expect(opener.sent.map(({ type }) => type)).toEqual(['pairOffer', 'pairNonce']);

    const other = side(false);
    other.dialogue.begin();
    for (const frame of opener.sent) other.dialogue.frame(frame);
    expect(other.dialogue.digits).toMatch(/^\d{6}$/);
  });

  test('an opener that changes its nonce after it saw ours is found out', () => {
    const { dialogue } = side(false);
    dialogue.begin();
    dialogue.frame({ type: 'pairOffer', commitment: pairingMath.commitmentTo(nonce, scene) });
    expect(() => dialogue.frame({ type: 'pairNonce', nonce: pairingMath.newNonce() })).toThrow('changed its number');
    expect(dialogue.digits).toBeUndefined();
  });
});

describe('typing a code', () => {
  test('nobody learns whether a guess was right without spending it: the one that shows proves itself last', () => {
    const shows = side(true, (parts) => new CodeDialogue(parts, secret));
    const guess = pairingMath.codeRun(wrongSecret, scene, false);
    shows.dialogue.begin();
    shows.dialogue.frame({ type: 'pairShare', share: guess.share });
    expect(shows.sent.map(({ type }) => type)).toEqual(['pairShare']);
    const [answer] = shows.sent;
    const proof = guess.confirm(answer?.type === 'pairShare' ? answer.share : '');
    expect(() => shows.dialogue.frame({ type: 'pairProof', proof })).toThrow('code is wrong');
    expect(shows.sent).toHaveLength(1);
  });

  test('the one where it is typed takes no key from somebody who does not know the code', () => {
    const types = side(false, (parts) => new CodeDialogue(parts, secret));
    types.dialogue.begin();
    const fake = pairingMath.codeRun(wrongSecret, scene, true);
    types.dialogue.frame({ type: 'pairShare', share: fake.share });
    const [share] = types.sent;
    const proof = fake.confirm(share?.type === 'pairShare' ? share.share : '');
    for (const attempt of [undefined, proof, '00'.repeat(32)])
      expect(() =>
        types.dialogue.frame({ type: 'pairKey', key: KEY, ...(attempt !== undefined && { proof: attempt }) }),
      ).toThrow('code is wrong');
    expect(types.taken).toEqual([]);
  });

  test.each(['00'.repeat(65), `04${'ff'.repeat(64)}`, `04${'01'.repeat(64)}`])('T9: %s is no share', (share) => {
    for (const isOpener of [true, false]) {
      const { dialogue } = side(isOpener, (parts) => new CodeDialogue(parts, secret));
      dialogue.begin();
      expect(() => dialogue.frame({ type: 'pairShare', share })).toThrow('no point of the curve');
    }
  });
});
