import type { Bring, PairingView } from '../../shared/api.ts';
import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import type { NodeId } from '../../shared/ids.ts';
import { Allowance } from './allowance.ts';
import type { Channel } from './channel.ts';
import { CLOSE } from './close-codes.ts';
import {
  MAX_PENDING,
  MAX_WRONG_CODES,
  PAIRING_BURST,
  PAIRING_EVERY_MS,
  PAIRING_RESULT_MS,
  PAIRING_WINDOW_MS,
} from './defaults.ts';
import { CodeDialogue, type Dialogue, type DialogueParts, DigitsDialogue } from './pairing-dialogue.ts';
import type { PairingFrame, PairingMethod } from './pairing-frames.ts';
import type { Clock, Identity } from './ports.ts';
import type { Hello } from './wire.ts';

/** The other node, as people know it. */
export interface PairingPeer {
  readonly id: NodeId;
  readonly name: string;
}

/** What came of a window. */
export interface Paired {
  readonly peer: PairingPeer;
  readonly method: PairingMethod;
  /** Whether it was our key that was handed over. */
  readonly gaveKey: boolean;
  /** Through what the person here agreed. */
  readonly by: string;
}

export interface PairingParts {
  readonly identity: Identity;
  readonly clock: Clock;
  /** The secret of our network; missing in an open one, which has nothing to hand over. */
  readonly key: () => string | undefined;
  /** Takes another network's key over; resolves when it is on disk. */
  readonly join: (key: string, bring: Bring) => Promise<void>;
  /** Other nodes in our network, which a move would leave behind. */
  readonly members: () => number;
  /** Dials this node. `greeted` or `unreachable` follows. */
  readonly reach: (peer: NodeId) => void;
  readonly paired: (paired: Paired) => void;
  readonly changed: () => void;
}

interface Window {
  readonly method: PairingMethod;
  /** Whether it was opened here, so that our key is the one that is handed over. Two that open at once settle it between them. */
  opened: boolean;
  /** Whether a person here began it; else a stranger did. */
  readonly isOurs: boolean;
  /** Nobody yet, where a code waits for whoever types it. */
  peer?: PairingPeer;
  readonly code?: string;
  readonly secret?: bigint;
  wrongCodes: number;
  /** Whoever is on the line typed something. */
  isTried: boolean;
  bring: Bring;
  by: string;
  readonly closesAt: number;
  timer: unknown;
  channel?: Channel;
  dialogue?: Dialogue;
  result?: { readonly problem?: string };
}

/**
 * Pairing windows, one at a time. A person here opens one; or a stranger asks for one, which then shows digits and does nothing else
 * before a person here agreed.
 */
export class Pairing {
  readonly #parts: PairingParts;
  readonly #allowance: Allowance;
  /** Strangers that a person here sent away, and until when they are not heard. */
  readonly #sentAway = new Map<NodeId, number>();
  #window: Window | undefined;

  constructor(parts: PairingParts) {
    this.#parts = parts;
    this.#allowance = new Allowance(PAIRING_BURST, PAIRING_EVERY_MS, parts.clock.now());
  }

  get view(): PairingView | undefined {
    const window = this.#window;
    if (!window) return undefined;
    const { method, opened, isOurs, peer, code, closesAt, dialogue, result } = window;
    return {
      method,
      opened,
      asked: !isOurs,
      stage: stageOf(window),
      agreed: dialogue?.agreed ?? false,
      peerAgreed: dialogue?.peerAgreed ?? false,
      closesAt,
      ...(peer && { peer }),
      ...(code !== undefined && opened && !result && { code }),
      ...(dialogue?.digits !== undefined && { digits: dialogue.digits }),
      ...(result?.problem !== undefined && { problem: result.problem }),
    };
  }

  // ---- What people do

  /** Compares digits with this node. Throws PAIRING_BUSY, PAIRING_FAILED. */
  compareWith(peer: PairingPeer, by: string): void {
    const running = this.#running;
    // It asked for just this already.
    if (running && !running.isOurs && running.peer?.id === peer.id) return;
    this.#begin({ method: 'digits', opened: true, peer, by });
    this.#parts.reach(peer.id);
  }

  /** Shows a code for whoever types it. Throws PAIRING_BUSY, PAIRING_FAILED. */
  async showCode(by: string): Promise<void> {
    this.#mustBeFree();
    const { math, self } = this.#insides;
    const code = math.newCode();
    const secret = await math.codeSecret(code, self);
    this.#begin({ method: 'code', opened: true, code, secret, by });
  }

  /** Types the code that this node shows. Throws PAIRING_BUSY, PAIRING_FAILED, MEMBERS_UNDECIDED. */
  async typeCode(peer: PairingPeer, code: string, bring: Bring | undefined, by: string): Promise<void> {
    this.#mustBeFree();
    const decided = this.#decided(bring);
    const secret = await this.#insides.math.codeSecret(code, peer.id);
    this.#begin({ method: 'code', opened: false, peer, secret, by }, decided);
    this.#parts.reach(peer.id);
  }

  /** The person here says that the digits are the same. Throws PAIRING_FAILED, MEMBERS_UNDECIDED. */
  agree(bring: Bring | undefined, by: string): void {
    const window = this.#running;
    if (!window?.dialogue) throw new InterMachineError('PAIRING_FAILED', 'There is nothing to agree to');
    if (!window.opened) window.bring = this.#decided(bring);
    window.by = by;
    window.dialogue.agree();
  }

  /** Ends what is under way, or takes note of what came of it. */
  end(): void {
    const window = this.#window;
    if (!window) return;
    if (!window.result && !window.isOurs && window.peer) this.#sendAway(window.peer.id);
    this.#close(window, 'it was ended there');
    this.#forget(window);
  }

  stop(): void {
    if (this.#window) this.#forget(this.#window);
  }

  // ---- On lines

  /** What our hello to this node says. */
  intentFor(peer: NodeId): PairingMethod | undefined {
    const window = this.#running;
    if (!window?.isOurs || window.channel || window.peer?.id !== peer) return undefined;
    return window.method;
  }

  /** One of the two hellos on this line asks to pair. */
  greeted(channel: Channel, hello: Hello): void {
    const refusal = this.#refusal(channel, hello);
    if (refusal !== undefined) return channel.close(CLOSE.pairing, refusal);
    const peer = { id: channel.peer, name: hello.name };
    const window =
      this.#running ?? this.#begin({ method: 'digits', opened: false, isOurs: false, peer, by: '' }, 'alone');
    // Both opened: the smaller id gives the key.
    if (channel.said !== undefined && hello.pair !== undefined) window.opened = this.#insides.self < peer.id;
    const { channel: idle } = window;
    window.peer = peer;
    window.channel = channel;
    idle?.close(CLOSE.pairing, 'another node came to type the code');
    window.dialogue = this.#dialogue(window, channel);
    this.#guarded(channel, () => window.dialogue?.begin());
    this.#parts.changed();
  }

  frame(channel: Channel, frame: PairingFrame): void {
    const window = this.#running;
    if (window?.channel !== channel || !window.dialogue) return channel.close(CLOSE.pairing, 'this pairing is over');
    this.#guarded(channel, () => {
      // Counted before it is answered: whoever leaves without a proof has had a try.
      if (frame.type === 'pairShare' && window.opened) {
        window.wrongCodes++;
        window.isTried = true;
      }
      window.dialogue?.frame(frame);
    });
  }

  closed(channel: Channel, code: number, reason: string): void {
    const window = this.#running;
    if (window?.channel !== channel) return;
    const why = code === CLOSE.pairing && reason !== '' ? reason : 'the line broke';
    this.#broken(window, why);
  }

  unreachable(peer: NodeId, reason: string): void {
    const window = this.#running;
    if (window?.isOurs && !window.channel && window.peer?.id === peer) this.#settle(window, reason);
  }

  // ---- Windows

  #begin(
    what: Pick<Window, 'method' | 'opened' | 'by'> & Partial<Pick<Window, 'isOurs' | 'peer' | 'code' | 'secret'>>,
    bring: Bring = 'alone',
  ): Window {
    this.#mustBeFree();
    const { clock } = this.#parts;
    if (this.#window) {
      this.#close(this.#window, 'another pairing was begun there');
      this.#forget(this.#window);
    }
    const window: Window = {
      isOurs: true,
      ...what,
      wrongCodes: 0,
      isTried: false,
      bring,
      closesAt: clock.wallTime() + PAIRING_WINDOW_MS,
      timer: undefined,
    };
    window.timer = clock.setTimeout(() => {
      this.#settle(window, `nobody finished it within ${PAIRING_WINDOW_MS / 60_000} minutes`);
    }, PAIRING_WINDOW_MS);
    this.#window = window;
    this.#parts.changed();
    return window;
  }

  get #running(): Window | undefined {
    return this.#window?.result ? undefined : this.#window;
  }

  get #insides() {
    const { node, pairing } = this.#parts.identity;
    return { self: node, math: pairing };
  }

  #mustBeFree(): void {
    if (this.#parts.key() === undefined)
      throw new InterMachineError(
        'PAIRING_FAILED',
        'This node is open: it lets anybody in and has no key to hand over. Start it without --open to pair it.',
      );
    if (this.#running?.isOurs)
      throw new InterMachineError('PAIRING_BUSY', 'A pairing is under way here already. End it first.');
  }

  #decided(bring: Bring | undefined): Bring {
    const members = this.#parts.members();
    if (bring === undefined && members > 0)
      throw new InterMachineError(
        'MEMBERS_UNDECIDED',
        `This node would move to the other network, and ${members} other ${members === 1 ? 'node is' : 'nodes are'} in its ` +
          'present one: say whether it moves alone or brings all along.',
      );
    return bring ?? 'alone';
  }

  /** Why this line cannot be used to pair; in words for the other side. */
  #refusal(channel: Channel, hello: Hello): string | undefined {
    const window = this.#running;
    const self = this.#insides.self;
    const { said } = channel;
    if (this.#parts.key() === undefined) return 'this node is open and pairs with nobody';
    // Whoever comes to type a code does so at once: nobody keeps others away by saying nothing.
    const isIdle = window?.code !== undefined && !window.isTried;
    if (window?.channel && !isIdle) return 'another pairing is under way here';
    if (said !== undefined) {
      // Our hello asked, and meanwhile nobody here wants it any more.
      if (!window || window.method !== said || window.peer?.id !== channel.peer) return 'this pairing is over';
      if (said === 'digits' && hello.pair === 'digits') {
        const isOfSmaller = channel.dialled === self < channel.peer;
        return isOfSmaller ? undefined : 'one line is enough';
      }
      return hello.pair === undefined
        ? undefined
        : 'one node must show a code and the other type it, or both compare digits';
    }
    if (hello.pair === 'code') return window?.method === 'code' && window.opened ? undefined : 'no code is shown here';
    if (window) return 'another pairing is under way here';
    const now = this.#parts.clock.now();
    if (now < (this.#sentAway.get(channel.peer) ?? 0)) return 'it was ended there';
    return this.#allowance.take(now) ? undefined : 'too many ask to pair here; try again in a moment';
  }

  #dialogue(window: Window, channel: Channel): Dialogue {
    const { self, math } = this.#insides;
    const { opened } = window;
    const parts: DialogueParts = {
      math,
      scene: {
        binding: channel.binding,
        opener: opened ? self : channel.peer,
        other: opened ? channel.peer : self,
      },
      isOpener: opened,
      send: (frame) => channel.sendPairing(frame),
      key: () => this.#parts.key() ?? '',
      take: (key) => this.#parts.join(key, window.bring),
      changed: () => this.#parts.changed(),
      paired: () => this.#paired(window, channel),
      failed: (thrown) => this.#failed(channel, thrown),
    };
    return window.secret === undefined ? new DigitsDialogue(parts) : new CodeDialogue(parts, window.secret);
  }

  #guarded(channel: Channel, act: () => void): void {
    try {
      act();
    } catch (thrown) {
      this.#failed(channel, thrown);
    }
  }

  #failed(channel: Channel, thrown: unknown): void {
    const reason = reasonOf(thrown);
    const isTheirs = thrown instanceof InterMachineError && thrown.code === 'PAIRING_FAILED';
    channel.close(CLOSE.pairing, isTheirs ? reason : 'it failed there');
    if (this.#running?.channel === channel) this.#broken(this.#running, reason);
  }

  /** A code goes on waiting for whoever types it right, though not for ever. */
  #broken(window: Window, reason: string): void {
    const goesOn = window.code !== undefined && !window.dialogue?.isHanding;
    if (!goesOn) return this.#settle(window, reason);
    if (window.wrongCodes >= MAX_WRONG_CODES)
      return this.#settle(window, `a wrong code was typed ${MAX_WRONG_CODES} times`);
    delete window.channel;
    delete window.dialogue;
    delete window.peer;
    window.isTried = false;
    this.#parts.changed();
  }

  #paired(window: Window, channel: Channel): void {
    if (window.result || !window.peer) return;
    const { peer, method, opened, by } = window;
    this.#settle(window);
    // Whoever took the key has said so, and waits for this.
    if (opened) channel.close(CLOSE.pairing, 'paired');
    this.#parts.paired({ peer, method, gaveKey: opened, by });
  }

  #settle(window: Window, problem?: string): void {
    if (window.result) return;
    const { clock } = this.#parts;
    clock.clearTimeout(window.timer);
    window.result = problem === undefined ? {} : { problem };
    if (problem !== undefined) this.#close(window, problem);
    window.timer = clock.setTimeout(() => this.#forget(window), PAIRING_RESULT_MS);
    // What a stranger began and nobody here agreed to is no news.
    if (problem !== undefined && !window.isOurs && !window.dialogue?.agreed) this.#forget(window);
    this.#parts.changed();
  }

  #close(window: Window, reason: string): void {
    const { channel } = window;
    delete window.channel;
    channel?.close(CLOSE.pairing, reason);
  }

  #forget(window: Window): void {
    this.#parts.clock.clearTimeout(window.timer);
    this.#close(window, 'this pairing is over');
    if (this.#window !== window) return;
    this.#window = undefined;
    this.#parts.changed();
  }

  #sendAway(peer: NodeId): void {
    this.#sentAway.delete(peer);
    this.#sentAway.set(peer, this.#parts.clock.now() + PAIRING_WINDOW_MS);
    const oldest = this.#sentAway.keys().next().value;
    if (this.#sentAway.size > MAX_PENDING && oldest !== undefined) this.#sentAway.delete(oldest);
  }
}

function stageOf({ result, dialogue, method, opened }: Window): PairingView['stage'] {
  if (result) return result.problem === undefined ? 'paired' : 'failed';
  if (dialogue?.isHanding) return 'handing';
  if (dialogue?.digits !== undefined) return 'comparing';
  return method === 'code' && opened ? 'showing' : 'reaching';
}
