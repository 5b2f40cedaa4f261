import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { SimulatedClock } from '../../main/adapters/clock/simulated.ts';
import { NetworkIdentity } from '../../main/adapters/identity/network-identity.ts';
import { pairingMath } from '../../main/adapters/identity/pairing.ts';
import {
  MAX_SILENT_PAIRING_LINES,
  MAX_WRONG_CODES,
  PAIRING_BURST,
  PAIRING_DISK_MS,
  PAIRING_EVERY_MS,
  PAIRING_RESULT_MS,
  PAIRING_STEP_MS,
  PAIRING_WARNING_MS,
  PAIRING_WINDOW_MS,
} from '../../main/core/defaults.ts';
import { type Paired, Pairing, type PairingChannel } from '../../main/core/pairing.ts';
import { CodeDialogue, type Dialogue, type DialogueParts, DigitsDialogue } from '../../main/core/pairing-dialogue.ts';
import type { PairingFrame, PairingMethod } from '../../main/core/pairing-frames.ts';
import type { Hello } from '../../main/core/wire.ts';
import type { NodeId } from '../../shared/ids.ts';
import { idOf, keyOf } from '../support/world.ts';

// One node's pairing, and lines to it on which anybody says what it likes, when it likes.

const SELF = idOf('m');
const KEY = keyOf('one').reveal();

let clock: SimulatedClock;
let pairing: Pairing;
let paired: Paired[];
let unanswered: Omit<Paired, 'gaveKey'>[];
/** Settles what comes of the key that is being written down. */
let written: PromiseWithResolvers<void>;

beforeEach(() => {
  clock = new SimulatedClock();
  paired = [];
  unanswered = [];
  written = Promise.withResolvers();
  pairing = new Pairing({
    identity: new NetworkIdentity(SELF),
    clock,
    key: () => KEY,
    join: () => written.promise,
    members: () => 0,
    reach: () => {},
    paired: (what) => paired.push(what),
    unanswered: (what) => unanswered.push(what),
    changed: () => {},
  });
});

/** The other end of a line, as our node has it. It says nothing by itself. */
class Caller implements PairingChannel {
  readonly peer: NodeId;
  readonly remote;
  readonly dialled = false;
  readonly said: PairingMethod | undefined;
  readonly binding = randomBytes(32);
  readonly heard: PairingFrame[] = [];
  dialogue: Dialogue | undefined;
  refusal: string | undefined;

  constructor(letters: string, host = '192.0.2.1') {
    this.peer = idOf(letters);
    this.said = pairing.intentFor(this.peer);
    this.remote = { host, port: 1 };
  }

  sendPairing(frame: PairingFrame): void {
    this.heard.push(frame);
    this.dialogue?.frame(frame);
  }

  close(_code: number, reason: string): void {
    this.refusal ??= reason;
  }

  hello(pair?: PairingMethod): this {
    const hello: Partial<Hello> = { type: 'hello', id: this.peer, name: this.peer.slice(0, 2), ...(pair && { pair }) };
    pairing.greeted(this, hello as Hello);
    return this;
  }

  say(frame: PairingFrame): this {
    pairing.frame(this, frame);
    return this;
  }

  breaks(): void {
    pairing.closed(this, 1006, '');
  }

  /** From here on an honest node is at this end. */
  honest(isOpener: boolean, make: (parts: DialogueParts) => Dialogue = (parts) => new DigitsDialogue(parts)): Dialogue {
    const [opener, other] = isOpener ? [this.peer, SELF] : [SELF, this.peer];
    this.dialogue = make({
      math: pairingMath,
      scene: { binding: this.binding, opener, other },
      isOpener,
      send: (frame) => this.say(frame),
      key: () => KEY,
      take: async () => {},
      changed: () => {},
      paired: () => {},
      failed: () => {},
    });
    return this.dialogue;
  }

  /** Asks to pair as an honest node does. */
  asks(): this {
    this.hello('digits');
    if (this.refusal === undefined) this.honest(true).begin();
    return this;
  }

  /** Types a code as an honest node does. */
  async types(code: string): Promise<this> {
    const secret = await pairingMath.codeSecret(code, SELF);
    this.hello('code');
    if (this.refusal === undefined) this.honest(false, (parts) => new CodeDialogue(parts, secret)).begin();
    return this;
  }

  /** Has one guess under way: a share, and no proof. */
  guesses(): this {
    const run = pairingMath.codeRun(7n, { binding: this.binding, opener: SELF, other: this.peer }, false);
    return this.hello('code').say({ type: 'pairShare', share: run.share });
  }
}

const another = (at: number): string => `${'abcdefghijkl'[at % 12]}${'abcdefghijkl'[Math.floor(at / 12)]}a`;
const BUSY = 'another pairing is under way here';

describe('asking', () => {
  test('a line that asks and then says nothing keeps nobody out, and is ended soon', () => {
    const silent = new Caller('a').hello('digits');
    expect(pairing.view).toBeUndefined();
    const honest = new Caller('b', '192.0.2.2').asks();
    expect(pairing.view).toMatchObject({ stage: 'comparing', asked: true, peer: { id: idOf('b') } });
    expect(pairing.view?.digits).toBe(honest.dialogue?.digits);
    clock.increment(PAIRING_STEP_MS);
    expect([silent.refusal, honest.refusal]).toEqual(['No answer came in time', undefined]);
  });

  test('nor does one that never reveals its number; the step counts, not how often it speaks', () => {
    const slow = new Caller('a').hello('digits');
    clock.increment(PAIRING_STEP_MS - 1);
    slow.say({ type: 'pairOffer', commitment: '00'.repeat(32) });
    expect(slow.heard).toMatchObject([{ type: 'pairNonce' }]);
    expect(pairing.view).toBeUndefined();
    new Caller('b', '192.0.2.2').asks();
    expect(pairing.view).toMatchObject({ peer: { id: idOf('b') } });
    clock.increment(PAIRING_STEP_MS);
    expect(slow.refusal).toBe('No answer came in time');
  });

  test('whose digits are there second is told, and the first stay', () => {
    const late = new Caller('a').hello('digits');
    new Caller('b', '192.0.2.2').asks();
    late.honest(true).begin();
    expect(late.refusal).toBe(BUSY);
    expect(new Caller('c', '192.0.2.3').asks().refusal).toBe(BUSY);
    expect(pairing.view).toMatchObject({ peer: { id: idOf('b') } });
  });

  test('a person has until the window closes', () => {
    const honest = new Caller('a').asks();
    clock.increment(PAIRING_WINDOW_MS - 1);
    expect([honest.refusal, pairing.view?.stage]).toEqual([undefined, 'comparing']);
    clock.increment(1);
    expect([honest.refusal, pairing.view]).toEqual([expect.stringContaining('2 minutes'), undefined]);
  });

  test('those at one address use up what is theirs, under however many ids, and nobody else’s', () => {
    for (let at = 0; at < PAIRING_BURST; at++) expect(new Caller(another(at)).hello('digits').refusal).toBeUndefined();
    expect(new Caller(another(PAIRING_BURST)).hello('digits').refusal).toContain('too many ask');
    expect(new Caller('b', '192.0.2.2').hello('digits').refusal).toBeUndefined();
    clock.increment(PAIRING_EVERY_MS);
    expect(new Caller(another(PAIRING_BURST + 1)).hello('digits').refusal).toBeUndefined();
    expect(new Caller(another(PAIRING_BURST + 2)).hello('digits').refusal).toContain('too many ask');
  });

  test('so does one id, from however many addresses', () => {
    for (let at = 0; at < PAIRING_BURST; at++) new Caller('a', `192.0.2.${at}`).hello('digits');
    expect(new Caller('a', '192.0.2.99').hello('digits').refusal).toContain('too many ask');
  });

  test('of a crowd of silent lines the oldest goes, and the newest is heard', () => {
    const crowd = Array.from({ length: MAX_SILENT_PAIRING_LINES }, (_, at) =>
      new Caller(another(at), `192.0.2.${at}`).hello('digits'),
    );
    expect(crowd.map(({ refusal }) => refusal)).toEqual(crowd.map(() => undefined));
    new Caller('m2', '198.51.100.1').asks();
    expect(crowd.filter(({ refusal }) => refusal !== undefined)).toEqual([crowd[0]]);
    expect(pairing.view).toMatchObject({ stage: 'comparing' });
  });

  test('whom the person here chose is served first and at any time, whoever else asks and however often', () => {
    for (let at = 0; at <= PAIRING_BURST; at++) new Caller(another(at)).hello('digits');
    const spammer = new Caller('s', '192.0.2.2').asks();
    expect(pairing.view).toMatchObject({ asked: true });
    pairing.compareWith({ id: idOf('b'), name: 'b' }, 'program');
    expect(spammer.refusal).toBe('another pairing was begun there');
    for (let at = 20; at < 24; at++) expect(new Caller(another(at), '192.0.2.3').hello('digits').refusal).toBe(BUSY);
    const chosen = new Caller('b').hello();
    expect(chosen.heard).toMatchObject([{ type: 'pairOffer' }]);
    expect(pairing.view).toMatchObject({ asked: false, peer: { id: idOf('b') } });
  });

  test('one that was chosen and does not answer is told to have failed', () => {
    pairing.compareWith({ id: idOf('b'), name: 'b' }, 'program');
    new Caller('b').hello();
    clock.increment(PAIRING_STEP_MS);
    expect(pairing.view).toMatchObject({ stage: 'failed', problem: 'No answer came in time' });
    expect(pairing.view).not.toHaveProperty('unanswered');
  });

  test('a second word of agreement is out of place', () => {
    const honest = new Caller('a').asks();
    honest.say({ type: 'pairAgree' });
    expect(honest.refusal).toBeUndefined();
    honest.say({ type: 'pairAgree' });
    expect(honest.refusal).toContain('did not keep to the order');
  });
});

describe('a code that is shown', () => {
  let code: string;
  beforeEach(async () => {
    await pairing.showCode('program');
    code = pairing.view?.code ?? '';
  });

  test('is typed right beside lines that say nothing, and beside one that leaves its guess open', async () => {
    const silent = [new Caller('a').hello('code'), new Caller('b').hello('code')];
    const half = new Caller('c').guesses();
    expect(pairing.view).toMatchObject({ stage: 'showing', code });
    const honest = await new Caller('d').types(code);
    expect(honest.heard).toMatchObject([{ type: 'pairShare' }, { type: 'pairKey', key: KEY }]);
    await Promise.resolve();
    expect(paired).toMatchObject([{ peer: { id: idOf('d') }, gaveKey: true }]);
    for (const other of [...silent, half]) {
      expect(other.refusal).toBe(BUSY);
      expect(other.heard).not.toContainEqual(expect.objectContaining({ type: 'pairKey' }));
    }
  });

  test('goes on showing when such a line is ended; what was left open counts', () => {
    const silent = new Caller('a').hello('code');
    const half = new Caller('b').guesses();
    clock.increment(PAIRING_STEP_MS);
    expect([silent.refusal, half.refusal]).toEqual(['No answer came in time', 'No answer came in time']);
    expect(pairing.view).toMatchObject({ stage: 'showing', code });
    for (let more = 1; more < MAX_WRONG_CODES; more++) new Caller(another(more)).guesses().breaks();
    expect(pairing.view).toMatchObject({ stage: 'failed', problem: 'a wrong code was typed 5 times' });
  });

  test('is tried five times at the most, over all lines and ids, also when all are under way at once', async () => {
    const guesses = Array.from({ length: MAX_WRONG_CODES }, (_, at) => new Caller(another(at)).guesses());
    const late = await new Caller('z').types(code);
    expect(late.refusal).toBe('5 codes were tried already');
    expect(late.heard).toEqual([]);
    expect(pairing.view?.stage).toBe('showing');
    clock.increment(PAIRING_STEP_MS);
    expect(guesses.map(({ heard }) => heard.map(({ type }) => type))).toEqual(guesses.map(() => ['pairShare']));
    expect(pairing.view).toMatchObject({ stage: 'failed', problem: 'a wrong code was typed 5 times' });
    expect(pairing.view).not.toHaveProperty('code');
  });
});

describe('a key that was sent', () => {
  /** We gave it; what the other does then is the matter. */
  function handed(): Caller {
    pairing.compareWith({ id: idOf('b'), name: 'b' }, 'program');
    const taker = new Caller('b');
    const dialogue = taker.honest(false);
    dialogue.begin();
    taker.hello();
    dialogue.agree();
    // From here on it does as it likes.
    taker.dialogue = undefined;
    pairing.agree(undefined, 'dashboard');
    expect(taker.heard.at(-1)).toEqual({ type: 'pairKey', key: KEY });
    expect(pairing.view?.stage).toBe('handing');
    return taker;
  }

  test('and not answered is told: by a line that breaks, by silence, and where the person here ends it', () => {
    const told = { stage: 'failed', unanswered: true, peer: { id: idOf('b') } };
    handed().breaks();
    expect(pairing.view).toMatchObject({ ...told, problem: 'the line broke' });
    pairing.end();
    handed();
    clock.increment(PAIRING_DISK_MS - 1);
    expect(pairing.view?.stage).toBe('handing');
    clock.increment(1);
    expect(pairing.view).toMatchObject({ ...told, problem: 'No answer came in time' });
    pairing.end();
    handed();
    pairing.end();
    expect(pairing.view).toMatchObject({ ...told, problem: 'it was ended here' });
    pairing.end();
    expect(pairing.view).toBeUndefined();
    handed();
    pairing.stop();
    expect(unanswered).toEqual(
      Array(4).fill({ peer: { id: idOf('b'), name: 'bb' }, method: 'digits', by: 'dashboard' }),
    );
    expect(paired).toEqual([]);
  });

  test('is told for long, and nobody who asks wipes that away', () => {
    handed().breaks();
    expect(new Caller('c', '192.0.2.9').asks().refusal).toBe(BUSY);
    clock.increment(PAIRING_RESULT_MS);
    expect(new Caller('c', '192.0.2.9').asks().refusal).toBe(BUSY);
    expect(pairing.view).toMatchObject({ unanswered: true });
    clock.increment(PAIRING_WARNING_MS - PAIRING_RESULT_MS);
    expect(pairing.view).toBeUndefined();
  });

  test('and answered is no news; nor is a pairing that failed before', () => {
    handed().say({ type: 'pairDone' });
    expect(pairing.view).toMatchObject({ stage: 'paired' });
    pairing.end();
    pairing.compareWith({ id: idOf('b'), name: 'b' }, 'program');
    new Caller('b').hello().breaks();
    expect(pairing.view?.stage).toBe('failed');
    expect(pairing.view).not.toHaveProperty('unanswered');
    expect(unanswered).toEqual([]);
  });

  test('to us is ours though the line breaks while it is written down', async () => {
    const opener = new Caller('a').asks();
    pairing.agree(undefined, 'program');
    opener.dialogue?.agree();
    opener.breaks();
    expect(pairing.view?.stage).toBe('handing');
    written.resolve();
    await written.promise;
    expect(pairing.view?.stage).toBe('paired');
    expect(paired).toMatchObject([{ gaveKey: false }]);
  });

  test('to us and not to our disk is told to have failed', async () => {
    const opener = new Caller('a').asks();
    pairing.agree(undefined, 'program');
    opener.dialogue?.agree();
    opener.breaks();
    written.reject(new Error('the disk is full'));
    await written.promise.catch(() => {});
    expect(pairing.view).toMatchObject({ stage: 'failed', problem: 'the disk is full' });
  });

  test('must come at once when both agreed', () => {
    const opener = new Caller('a').asks();
    const { dialogue } = opener;
    opener.dialogue = undefined;
    pairing.agree(undefined, 'program');
    opener.say({ type: 'pairAgree' });
    expect(dialogue?.digits).toBe(pairing.view?.digits);
    clock.increment(PAIRING_STEP_MS);
    expect(pairing.view).toMatchObject({ stage: 'failed', problem: 'No answer came in time' });
  });
});
