import { InterMachineError } from '../../shared/errors.ts';
import type { PairingFrame } from './pairing-frames.ts';
import type { CodeRun, PairingMath, PairingScene } from './ports.ts';

/** What a dialogue needs of the window that it happens in. */
export interface DialogueParts {
  readonly math: PairingMath;
  readonly scene: PairingScene;
  /** Whether the window was opened here, so that the key of this side is handed over. */
  readonly isOpener: boolean;
  readonly send: (frame: PairingFrame) => void;
  /** The secret of our network. */
  readonly key: () => string;
  /** Takes theirs over; resolves when it is on disk. */
  readonly take: (key: string) => Promise<void>;
  /** Something that people see is another. */
  readonly changed: () => void;
  readonly paired: () => void;
  readonly failed: (thrown: unknown) => void;
}

/** Who has to do something next: the other node by itself, and its disk, its person or ours; or we, who write a key down. */
export type WaitsFor = 'machine' | 'disk' | 'person' | 'us';

/** One side of one pairing over one line. What does not belong there, then, is PAIRING_FAILED. */
export interface Dialogue {
  readonly digits?: string;
  readonly agreed: boolean;
  readonly peerAgreed: boolean;
  /** The key is on its way. */
  readonly isHanding: boolean;
  readonly waitsFor: WaitsFor;
  begin(): void;
  frame(frame: PairingFrame): void;
  /** The person here agrees. */
  agree(): void;
}

const outOfPlace = (): InterMachineError =>
  new InterMachineError('PAIRING_FAILED', 'The other side did not keep to the order of the dialogue');

/** What both ways of pairing end with: the key goes over, and its taker says that it has it. */
class HandOver {
  readonly #parts: DialogueParts;
  isUnderWay = false;

  constructor(parts: DialogueParts) {
    this.#parts = parts;
  }

  get waitsFor(): WaitsFor | undefined {
    if (!this.isUnderWay) return undefined;
    return this.#parts.isOpener ? 'disk' : 'us';
  }

  give(proof?: string): void {
    if (this.isUnderWay) throw outOfPlace();
    this.isUnderWay = true;
    this.#parts.send({ type: 'pairKey', key: this.#parts.key(), ...(proof !== undefined && { proof }) });
    this.#parts.changed();
  }

  take(key: string): void {
    if (this.isUnderWay) throw outOfPlace();
    this.isUnderWay = true;
    const { take, send, paired, failed } = this.#parts;
    take(key).then(() => {
      send({ type: 'pairDone' });
      paired();
    }, failed);
  }

  done(): void {
    if (!this.#parts.isOpener || !this.isUnderWay) throw outOfPlace();
    this.#parts.paired();
  }
}

/** Both nodes show six digits; the people say whether they are the same. */
export class DigitsDialogue implements Dialogue {
  readonly #parts: DialogueParts;
  readonly #handOver: HandOver;
  readonly #nonce: string;
  #commitment: string | undefined;
  #begun = false;
  digits?: string;
  agreed = false;
  peerAgreed = false;

  constructor(parts: DialogueParts) {
    this.#parts = parts;
    this.#handOver = new HandOver(parts);
    this.#nonce = parts.math.newNonce();
  }

  get isHanding(): boolean {
    return this.#handOver.isUnderWay;
  }

  get waitsFor(): WaitsFor {
    const isTalkedOver = this.agreed && this.peerAgreed;
    return this.#handOver.waitsFor ?? (this.digits === undefined || isTalkedOver ? 'machine' : 'person');
  }

  begin(): void {
    const { isOpener, math, scene, send } = this.#parts;
    this.#begun = true;
    if (isOpener) send({ type: 'pairOffer', commitment: math.commitmentTo(this.#nonce, scene) });
  }

  frame(frame: PairingFrame): void {
    const { isOpener, send } = this.#parts;
    switch (frame.type) {
      case 'pairOffer':
        if (isOpener || this.#commitment !== undefined) throw outOfPlace();
        this.#commitment = frame.commitment;
        return send({ type: 'pairNonce', nonce: this.#nonce });
      case 'pairNonce':
        return this.#revealed(frame.nonce);
      case 'pairAgree':
        if (this.digits === undefined || this.peerAgreed) throw outOfPlace();
        this.peerAgreed = true;
        return this.#agreed();
      case 'pairKey':
        if (isOpener || !this.agreed || !this.peerAgreed) throw outOfPlace();
        return this.#handOver.take(frame.key);
      case 'pairDone':
        return this.#handOver.done();
      default:
        throw outOfPlace();
    }
  }

  agree(): void {
    if (this.digits === undefined) throw new InterMachineError('PAIRING_FAILED', 'There are no digits to compare yet');
    if (this.agreed) return;
    this.agreed = true;
    this.#parts.send({ type: 'pairAgree' });
    this.#agreed();
  }

  #revealed(theirs: string): void {
    const { isOpener, math, scene, send, changed } = this.#parts;
    if (!this.#begun || this.digits !== undefined) throw outOfPlace();
    if (isOpener) {
      // Only now that theirs is fixed.
      send({ type: 'pairNonce', nonce: this.#nonce });
      this.digits = math.digitsOf(this.#nonce, theirs, scene);
    } else {
      if (this.#commitment === undefined) throw outOfPlace();
      if (math.commitmentTo(theirs, scene) !== this.#commitment)
        throw new InterMachineError('PAIRING_FAILED', 'The other side changed its number after it saw ours');
      this.digits = math.digitsOf(theirs, this.#nonce, scene);
    }
    changed();
  }

  #agreed(): void {
    if (this.#parts.isOpener && this.agreed && this.peerAgreed) this.#handOver.give();
    this.#parts.changed();
  }
}

/** One node shows eight digits; they are typed at the other. That is its person's word, too. */
export class CodeDialogue implements Dialogue {
  readonly #parts: DialogueParts;
  readonly #handOver: HandOver;
  readonly #secret: bigint;
  #run: CodeRun | undefined;
  #confirmation: string | undefined;
  agreed = true;
  peerAgreed = false;

  constructor(parts: DialogueParts, secret: bigint) {
    this.#parts = parts;
    this.#handOver = new HandOver(parts);
    this.#secret = secret;
  }

  get isHanding(): boolean {
    return this.#handOver.isUnderWay;
  }

  get waitsFor(): WaitsFor {
    return this.#handOver.waitsFor ?? 'machine';
  }

  begin(): void {
    if (!this.#parts.isOpener) this.#parts.send({ type: 'pairShare', share: this.#start().share });
  }

  frame(frame: PairingFrame): void {
    const { isOpener, send } = this.#parts;
    switch (frame.type) {
      case 'pairShare':
        if (this.#confirmation !== undefined) throw outOfPlace();
        if (isOpener) return this.#answer(frame.share);
        this.#confirmation = this.#running.confirm(frame.share);
        return send({ type: 'pairProof', proof: this.#confirmation });
      case 'pairProof':
        if (!isOpener) throw outOfPlace();
        this.#mustConfirm(frame.proof);
        return this.#handOver.give(this.#confirmation);
      case 'pairKey':
        if (isOpener) throw outOfPlace();
        this.#mustConfirm(frame.proof);
        return this.#handOver.take(frame.key);
      case 'pairDone':
        return this.#handOver.done();
      default:
        throw outOfPlace();
    }
  }

  agree(): void {}

  #start(): CodeRun {
    const { math, scene, isOpener } = this.#parts;
    this.#run = math.codeRun(this.#secret, scene, isOpener);
    return this.#run;
  }

  get #running(): CodeRun {
    if (!this.#run) throw outOfPlace();
    return this.#run;
  }

  /** Our half of the proof stays here until theirs came: so a guess costs a try, and tells nothing else. */
  #answer(theirShare: string): void {
    const run = this.#start();
    this.#confirmation = run.confirm(theirShare);
    this.#parts.send({ type: 'pairShare', share: run.share });
  }

  #mustConfirm(proof = ''): void {
    if (this.#confirmation === undefined) throw outOfPlace();
    if (!this.#running.isConfirmedBy(proof)) throw new InterMachineError('PAIRING_FAILED', 'The code is wrong');
    this.peerAgreed = true;
  }
}
