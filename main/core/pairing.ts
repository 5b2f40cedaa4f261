import type { Bring, PairingView } from '../../shared/api.ts';
import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import type { NodeId } from '../../shared/ids.ts';
import { Allowances } from './allowance.ts';
import type { Channel } from './channel.ts';
import { CLOSE } from './close-codes.ts';
import {
  MAX_PENDING,
  MAX_SILENT_PAIRING_LINES,
  MAX_WRONG_CODES,
  PAIRING_BURST,
  PAIRING_DISK_MS,
  PAIRING_EVERY_MS,
  PAIRING_RESULT_MS,
  PAIRING_STEP_MS,
  PAIRING_WARNING_MS,
  PAIRING_WINDOW_MS,
} from './defaults.ts';
import { CodeDialogue, type Dialogue, type DialogueParts, DigitsDialogue, type WaitsFor } from './pairing-dialogue.ts';
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

/** What pairing needs of a channel. */
export type PairingChannel = Pick<
  Channel,
  'peer' | 'remote' | 'dialled' | 'said' | 'binding' | 'sendPairing' | 'close'
>;

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
  /** Our key was sent, and the other never said that it has it: it may, or may not. */
  readonly unanswered: (handed: Omit<Paired, 'gaveKey'>) => void;
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
  /** Codes that were tried, over all lines and ids: each counts until it proved to be the right one. */
  guesses: number;
  bring: Bring;
  by: string;
  readonly closesAt: number;
  timer: unknown;
  /** The one line that is for the people, or hands the key over. */
  line?: Line;
  result?: { readonly problem?: string; readonly unanswered?: boolean };
}

/** One dialogue on one line. Any number may begin; for a person's time they have to come to a point first. */
interface Line {
  readonly channel: PairingChannel;
  readonly peer: PairingPeer;
  readonly dialogue: Dialogue;
  /** None yet, where a stranger asks and there is nothing to show. */
  window?: Window;
  /** A code was tried on it. */
  hasGuessed: boolean;
  timer: unknown;
}

/**
 * Pairing windows, one at a time. A person here opens one; or a stranger asks for one, which then shows digits and does nothing else
 * before a person here agreed.
 *
 * A window has one place. Whom the person here chose has it from the first word. Anybody else takes it by what only a dialogue that is under way
 * can bring: digits to show, or the proof of the code. Until then a line keeps nobody out, and a machine that lets us wait loses it.
 */
export class Pairing {
  readonly #parts: PairingParts;
  readonly #asks: Allowances;
  readonly #lines = new Map<PairingChannel, Line>();
  /** Strangers that a person here sent away, and until when they are not heard. */
  readonly #sentAway = new Map<NodeId, number>();
  #window: Window | undefined;

  constructor(parts: PairingParts) {
    this.#parts = parts;
    this.#asks = new Allowances(PAIRING_BURST, PAIRING_EVERY_MS);
  }

  get view(): PairingView | undefined {
    const window = this.#window;
    if (!window) return undefined;
    const { method, opened, isOurs, peer, code, closesAt, line, result } = window;
    const dialogue = line?.dialogue;
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
      ...(result?.unanswered && { unanswered: true }),
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
    const { line } = window ?? {};
    if (!window || !line) throw new InterMachineError('PAIRING_FAILED', 'There is nothing to agree to');
    if (!window.opened) window.bring = this.#decided(bring);
    window.by = by;
    line.dialogue.agree();
    this.#wait(line);
  }

  /** Ends what is under way, or takes note of what came of it. */
  end(): void {
    const window = this.#window;
    if (!window) return;
    if (!window.result && !window.isOurs && window.peer) this.#sendAway(window.peer.id);
    this.#close(window, 'it was ended there');
    // That the key is gone already is news to whoever ends it.
    if (!window.result && hasHanded(window)) return this.#settle(window, 'it was ended here');
    this.#forget(window);
  }

  stop(): void {
    const window = this.#window;
    if (window && hasHanded(window)) this.#settle(window, 'this node was stopped');
    if (window) this.#forget(window);
    for (const line of [...this.#lines.values()]) this.#drop(line, 'this node stops');
  }

  // ---- On lines

  /** What our hello to this node says. */
  intentFor(peer: NodeId): PairingMethod | undefined {
    const window = this.#running;
    if (!window?.isOurs || window.line || window.peer?.id !== peer) return undefined;
    return window.method;
  }

  /** One of the two hellos on this line asks to pair. */
  greeted(channel: PairingChannel, hello: Hello): void {
    const refusal = this.#refusal(channel, hello);
    if (refusal !== undefined) return channel.close(CLOSE.pairing, refusal);
    const isChosen = channel.said !== undefined;
    const window = isChosen || hello.pair === 'code' ? this.#running : undefined;
    const peer = { id: channel.peer, name: hello.name };
    // Both opened: the smaller id gives the key.
    if (window && isChosen && hello.pair !== undefined) window.opened = this.#insides.self < peer.id;
    const line = this.#line(channel, peer, window);
    if (window && isChosen) this.#seat(line, window);
    this.#step(line, () => line.dialogue.begin());
    this.#dropSilent();
    this.#parts.changed();
  }

  frame(channel: PairingChannel, frame: PairingFrame): void {
    const line = this.#lines.get(channel);
    if (!line) return channel.close(CLOSE.pairing, 'this pairing is over');
    this.#step(line, () => {
      if (frame.type === 'pairShare') this.#countGuess(line);
      line.dialogue.frame(frame);
      const { window, dialogue } = line;
      if (!window && dialogue.digits !== undefined) this.#ask(line);
      else if (window && window.line !== line && dialogue.isHanding) this.#seat(line, window);
    });
  }

  closed(channel: PairingChannel, code: number, reason: string): void {
    const line = this.#lines.get(channel);
    if (!line) return;
    this.#leave(line);
    // Its key is being written down: what comes of that tells whether they are paired.
    if (line.dialogue.waitsFor === 'us') return;
    this.#broken(line, code === CLOSE.pairing && reason !== '' ? reason : 'the line broke');
  }

  unreachable(peer: NodeId, reason: string): void {
    const window = this.#running;
    if (window?.isOurs && !window.line && window.peer?.id === peer) this.#settle(window, reason);
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
      guesses: 0,
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
      throw new InterMachineError(
        'PAIRING_BUSY',
        'A pairing is under way here already. End it first: in the dashboard, or with `intermachine pair --end`.',
      );
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
  #refusal(channel: PairingChannel, hello: Hello): string | undefined {
    const window = this.#running;
    const self = this.#insides.self;
    const { said, peer, remote } = channel;
    if (this.#parts.key() === undefined) return 'this node is open and pairs with nobody';
    if (window?.line && (said !== undefined || hello.pair === 'code')) return BUSY;
    if (said !== undefined) {
      // Our hello asked, and meanwhile nobody here wants it any more.
      if (!window || window.method !== said || window.peer?.id !== peer) return 'this pairing is over';
      if (said === 'digits' && hello.pair === 'digits') {
        const isOfSmaller = channel.dialled === self < peer;
        return isOfSmaller ? undefined : 'one line is enough';
      }
      return hello.pair === undefined
        ? undefined
        : 'one node must show a code and the other type it, or both compare digits';
    }
    if (hello.pair === 'code') return window?.method === 'code' && window.opened ? undefined : 'no code is shown here';
    const refusal = this.#refusalToAsk(peer);
    if (refusal !== undefined) return refusal;
    const now = this.#parts.clock.now();
    const mayAsk = this.#asks.take(peer, now) && this.#asks.take(remote.host, now);
    return mayAsk ? undefined : 'too many ask to pair here; try again in a moment';
  }

  #refusalToAsk(peer: NodeId): string | undefined {
    // Nor may anybody wipe away the word that our key may be with a stranger.
    if (this.#running || this.#window?.result?.unanswered) return BUSY;
    return this.#parts.clock.now() < (this.#sentAway.get(peer) ?? 0) ? 'it was ended there' : undefined;
  }

  /** A stranger's digits are there: from now on they are for a person, if nobody else's are. */
  #ask(line: Line): void {
    const refusal = this.#refusalToAsk(line.peer.id);
    if (refusal !== undefined) return this.#drop(line, refusal);
    this.#seat(line, this.#begin({ method: 'digits', opened: false, isOurs: false, peer: line.peer, by: '' }));
  }

  /** Counted before it is answered: whoever leaves without a proof has had a try. */
  #countGuess(line: Line): void {
    const { window } = line;
    if (!window?.opened || line.hasGuessed) return;
    if (window.guesses >= MAX_WRONG_CODES)
      throw new InterMachineError('PAIRING_FAILED', `${MAX_WRONG_CODES} codes were tried already`);
    window.guesses++;
    line.hasGuessed = true;
  }

  // ---- Lines

  #line(channel: PairingChannel, peer: PairingPeer, window: Window | undefined): Line {
    const { self, math } = this.#insides;
    const opened = window?.opened ?? false;
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
      take: (key) => this.#parts.join(key, line.window?.bring ?? 'alone'),
      changed: () => this.#parts.changed(),
      paired: () => this.#paired(line),
      failed: (thrown) => this.#failed(line, thrown),
    };
    const dialogue = window?.secret === undefined ? new DigitsDialogue(parts) : new CodeDialogue(parts, window.secret);
    const line: Line = { channel, peer, dialogue, ...(window && { window }), hasGuessed: false, timer: undefined };
    this.#lines.set(channel, line);
    return line;
  }

  /** It has the place; the others of this window are sent away. */
  #seat(line: Line, window: Window): void {
    line.window = window;
    window.line = line;
    window.peer = line.peer;
    for (const other of [...this.#lines.values()])
      if (other !== line && other.window === window) this.#drop(other, BUSY);
  }

  #step(line: Line, act: () => void): void {
    try {
      act();
    } catch (thrown) {
      return this.#failed(line, thrown);
    }
    this.#wait(line);
  }

  /** A person has until the window closes; a machine, which needs no time to think, has not. */
  #wait(line: Line): void {
    const { clock } = this.#parts;
    clock.clearTimeout(line.timer);
    const ms = PATIENCE_MS[line.dialogue.waitsFor];
    if (ms === undefined || !this.#lines.has(line.channel) || line.window?.result) return;
    line.timer = clock.setTimeout(
      () => this.#failed(line, new InterMachineError('PAIRING_FAILED', 'No answer came in time')),
      ms,
    );
  }

  /** Of the lines that cost nobody anything yet only so many are kept; whoever means it has said more after a moment. */
  #dropSilent(): void {
    const silent = [...this.#lines.values()].filter((line) => !line.hasGuessed && line.window?.line !== line);
    const [oldest] = silent;
    if (oldest && silent.length > MAX_SILENT_PAIRING_LINES) this.#drop(oldest, 'too many ask to pair here');
  }

  #failed(line: Line, thrown: unknown): void {
    const reason = reasonOf(thrown);
    const isTheirs = thrown instanceof InterMachineError && thrown.code === 'PAIRING_FAILED';
    if (this.#lines.has(line.channel)) this.#drop(line, isTheirs ? reason : 'it failed there');
    this.#broken(line, reason);
  }

  /** Without its line a window is over; but a code goes on waiting for whoever types it right, though not for ever. */
  #broken(line: Line, reason: string): void {
    const { window } = line;
    if (!window || window.result) return;
    if (window.line === line) return this.#settle(window, reason);
    const isTried = [...this.#lines.values()].some((other) => other.window === window && other.hasGuessed);
    if (window.guesses >= MAX_WRONG_CODES && !isTried)
      this.#settle(window, `a wrong code was typed ${MAX_WRONG_CODES} times`);
    this.#parts.changed();
  }

  #drop(line: Line, reason: string): void {
    this.#leave(line);
    line.channel.close(CLOSE.pairing, reason);
  }

  #leave(line: Line): void {
    this.#parts.clock.clearTimeout(line.timer);
    this.#lines.delete(line.channel);
  }

  // ---- How windows end

  #paired(line: Line): void {
    const { window, channel } = line;
    if (!window || window.result || !window.peer) return;
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
    clock.clearTimeout(window.line?.timer);
    const { peer, method, by, line } = window;
    const unanswered = problem !== undefined && hasHanded(window);
    window.result = { ...(problem !== undefined && { problem }), unanswered };
    if (problem !== undefined) this.#close(window, problem);
    window.timer = clock.setTimeout(() => this.#forget(window), unanswered ? PAIRING_WARNING_MS : PAIRING_RESULT_MS);
    // What a stranger began and nobody here agreed to is no news.
    if (problem !== undefined && !window.isOurs && !line?.dialogue.agreed) this.#forget(window);
    if (unanswered && peer) this.#parts.unanswered({ peer, method, by });
    this.#parts.changed();
  }

  #close(window: Window, reason: string): void {
    for (const line of [...this.#lines.values()]) if (line.window === window) this.#drop(line, reason);
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

const BUSY = 'another pairing is under way here';

const PATIENCE_MS: Readonly<Record<WaitsFor, number | undefined>> = {
  machine: PAIRING_STEP_MS,
  disk: PAIRING_DISK_MS,
  person: undefined,
  us: undefined,
};

/** Our key left this node. */
const hasHanded = ({ opened, line }: Window): boolean => opened && line?.dialogue.isHanding === true;

function stageOf({ result, line, method, opened }: Window): PairingView['stage'] {
  if (result) return result.problem === undefined ? 'paired' : 'failed';
  if (line?.dialogue.isHanding) return 'handing';
  if (line?.dialogue.digits !== undefined) return 'comparing';
  return method === 'code' && opened ? 'showing' : 'reaching';
}
