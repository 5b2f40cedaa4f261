import type { Layout } from './topology-layout.ts';
import type { Passing } from './traffic.ts';

interface Pulse {
  readonly fromX: number;
  readonly fromY: number;
  readonly toX: number;
  readonly toY: number;
  readonly start: number;
  readonly colour: string;
  readonly size: number;
}

/** However much passes, no more are drawn at a time. */
const MOST = 90;
/** Milliseconds from end to end: long enough for the eye, however short it was on the wire. */
const TRAVEL_MS = 650;
/** Milliseconds over which those of one item start. */
const SPREAD_MS = 90;

/** Envelopes as sparks on a canvas over the picture: no element for a message, and no frame while nothing moves. */
export class Pulses {
  readonly #canvas: HTMLCanvasElement;
  readonly #still = window.matchMedia('(prefers-reduced-motion: reduce)');
  #layout: Layout | undefined;
  #pulses: Pulse[] = [];
  #frame = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  resize(layout: Layout): void {
    const ratio = Math.min(2, window.devicePixelRatio);
    if (layout.width !== this.#layout?.width || layout.height !== this.#layout.height) {
      this.#canvas.width = Math.round(layout.width * ratio);
      this.#canvas.height = Math.round(layout.height * ratio);
      this.#canvas.getContext('2d')?.setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.#layout = layout;
  }

  show(passings: readonly Passing[]): void {
    if (document.visibilityState === 'hidden' || !this.#layout) return;
    const style = getComputedStyle(document.documentElement);
    const now = performance.now();
    for (const [index, { from, to, count, status }] of passings.entries()) {
      if (this.#pulses.length >= MOST) break;
      const a = placeOf(this.#layout, from);
      const b = placeOf(this.#layout, to);
      if (!a || !b) continue;
      this.#pulses.push({
        fromX: a.x,
        fromY: a.y,
        toX: b.x,
        toY: b.y,
        start: now + (index / passings.length) * SPREAD_MS,
        colour: style.getPropertyValue(COLOURS[status] ?? '--accent'),
        size: 3 + Math.min(3, Math.log2(count)),
      });
    }
    if (this.#pulses.length > 0 && this.#frame === 0) this.#frame = requestAnimationFrame(this.#draw);
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#pulses = [];
  }

  readonly #draw = (now: number): void => {
    const context = this.#canvas.getContext('2d');
    if (!context || !this.#layout) return;
    context.clearRect(0, 0, this.#layout.width, this.#layout.height);
    this.#pulses = this.#pulses.filter(({ start }) => now - start < TRAVEL_MS);
    for (const pulse of this.#pulses) {
      const part = (now - pulse.start) / TRAVEL_MS;
      if (part < 0) continue;
      if (this.#still.matches) drawLine(context, pulse, part);
      else drawSpark(context, pulse, part);
    }
    this.#frame = this.#pulses.length > 0 ? requestAnimationFrame(this.#draw) : 0;
  };
}

const COLOURS: Readonly<Record<string, string>> = {
  ignored: '--warn',
  refused: '--bad',
  dead: '--bad',
  expired: '--bad',
  lost: '--bad',
};

/** Of the machine, or of its node where the machine is not drawn. */
function placeOf({ places }: Layout, address: Passing['from']) {
  return places.get(address) ?? places.get(address.slice(5, 57) as never);
}

function drawSpark(context: CanvasRenderingContext2D, pulse: Pulse, part: number): void {
  const eased = part < 0.5 ? 2 * part * part : 1 - (2 - 2 * part) ** 2 / 2;
  const tail = Math.max(0, eased - 0.14);
  const at = (along: number) =>
    [pulse.fromX + (pulse.toX - pulse.fromX) * along, pulse.fromY + (pulse.toY - pulse.fromY) * along] as const;
  context.strokeStyle = context.fillStyle = pulse.colour;
  context.globalAlpha = 0.35;
  context.lineWidth = pulse.size * 0.8;
  context.lineCap = 'round';
  context.beginPath();
  context.moveTo(...at(tail));
  context.lineTo(...at(eased));
  context.stroke();
  context.globalAlpha = 1;
  context.beginPath();
  context.arc(...at(eased), pulse.size, 0, 2 * Math.PI);
  context.fill();
}

/** For people who want nothing to move: the way lights up and fades. */
function drawLine(context: CanvasRenderingContext2D, pulse: Pulse, part: number): void {
  context.strokeStyle = pulse.colour;
  context.globalAlpha = (1 - part) * 0.7;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(pulse.fromX, pulse.fromY);
  context.lineTo(pulse.toX, pulse.toY);
  context.stroke();
  context.globalAlpha = 1;
}
