import type { Area, Drawing, Point } from './drawing.ts';
import { centre, firstLook, keptInSight, pan, type Size, showAll, type View, zoom } from './view.ts';

/** Pixels for one press of an arrow key. */
const KEY_PAN = 60;
const KEY_ZOOM = 1.25;
/** A mouse wheel's notch is about 100 pixels. */
const WHEEL_ZOOM = 1.0015;
/** A trackpad's pinch comes as a wheel with Ctrl, in small steps. */
const PINCH_ZOOM = 1.01;
const LINE_PX = 16;
const GLIDE_MS = 220;

/** Moves a drawing below a stage: by mouse, finger, wheel and key. React has no part in it, so that it follows the hand. */
export class Camera {
  readonly #stage: HTMLElement;
  readonly #world: Element;
  readonly #drawing: Drawing;
  readonly #pointers = new Map<number, Point>();
  readonly #abort = new AbortController();
  readonly #resize: ResizeObserver;
  #view: View = { x: 0, y: 0, scale: 1 };
  #frame = 0;
  /** Until somebody moves it, it follows the size of its stage. */
  #isMoved = false;
  #active: Area | undefined;

  constructor(stage: HTMLElement, world: Element, drawing: Drawing, active: Area | undefined) {
    this.#stage = stage;
    this.#world = world;
    this.#drawing = drawing;
    this.#active = active;
    this.#resize = new ResizeObserver(() => {
      if (this.#isMoved) this.#set(this.#view);
      else this.#set(firstLook(this.#drawing, this.#active, this.#size()));
    });
    this.#resize.observe(stage);
    const { signal } = this.#abort;
    stage.addEventListener('wheel', this.#onWheel, { signal, passive: false });
    stage.addEventListener('keydown', this.#onKey, { signal });
    stage.addEventListener('pointerdown', this.#onDown, { signal });
    stage.addEventListener('pointermove', this.#onMove, { signal });
    for (const type of ['pointerup', 'pointercancel', 'lostpointercapture'] as const)
      stage.addEventListener(type, this.#onUp, { signal });
    stage.addEventListener('dblclick', this.#onDoubleClick, { signal });
    this.#set(firstLook(drawing, active, this.#size()));
  }

  stop(): void {
    this.#abort.abort();
    this.#resize.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  readonly fit = (): void => {
    this.#isMoved = false;
    // From now on all of it is wanted, readable or not.
    this.#active = undefined;
    this.#glideTo(showAll(this.#drawing, this.#size()));
  };

  readonly zoomBy = (factor: number): void => {
    const { width, height } = this.#size();
    this.#moveTo(zoom(this.#view, factor, { x: width / 2, y: height / 2 }));
  };

  readonly zoomIn = (): void => this.zoomBy(KEY_ZOOM);
  readonly zoomOut = (): void => this.zoomBy(1 / KEY_ZOOM);

  #size(): Size {
    return { width: this.#stage.clientWidth, height: this.#stage.clientHeight };
  }

  #set(view: View): void {
    this.#view = keptInSight(view, this.#drawing, this.#size());
    const { x, y, scale } = this.#view;
    this.#world.setAttribute('transform', `translate(${x} ${y}) scale(${scale})`);
  }

  #moveTo(view: View): void {
    this.#isMoved = true;
    cancelAnimationFrame(this.#frame);
    this.#set(view);
  }

  #glideTo(to: View): void {
    cancelAnimationFrame(this.#frame);
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return this.#set(to);
    const from = this.#view;
    const startedAt = performance.now();
    const step = (now: number) => {
      const done = Math.min(1, Math.max(0, (now - startedAt) / GLIDE_MS));
      const share = 1 - (1 - done) ** 3;
      const between = (one: number, other: number) => one + (other - one) * share;
      this.#set({ x: between(from.x, to.x), y: between(from.y, to.y), scale: between(from.scale, to.scale) });
      if (done < 1) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  #pointOf(event: MouseEvent): Point {
    const { left, top } = this.#stage.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  readonly #onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * LINE_PX : event.deltaY;
    const base = event.ctrlKey ? PINCH_ZOOM : WHEEL_ZOOM;
    this.#moveTo(zoom(this.#view, base ** -pixels, this.#pointOf(event)));
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.#stage) return;
    const act = this.#keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };

  readonly #keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => this.#moveTo(pan(this.#view, { x: KEY_PAN, y: 0 })),
    ArrowRight: () => this.#moveTo(pan(this.#view, { x: -KEY_PAN, y: 0 })),
    ArrowUp: () => this.#moveTo(pan(this.#view, { x: 0, y: KEY_PAN })),
    ArrowDown: () => this.#moveTo(pan(this.#view, { x: 0, y: -KEY_PAN })),
    '+': this.zoomIn,
    '=': this.zoomIn,
    '-': this.zoomOut,
    '0': this.fit,
  };

  readonly #onDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    this.#pointers.set(event.pointerId, this.#pointOf(event));
    this.#stage.setPointerCapture(event.pointerId);
    this.#stage.classList.add('is-dragged');
  };

  readonly #onMove = (event: PointerEvent): void => {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = this.#pointOf(event);
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, now);
    if (now.x === before.x && now.y === before.y) return;
    if (!other) return this.#moveTo(pan(this.#view, { x: now.x - before.x, y: now.y - before.y }));
    const spread = (point: Point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
    // The point between two fingers goes half as far as the one that moves.
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    const moved = pan(this.#view, { x: (now.x - before.x) / 2, y: (now.y - before.y) / 2 });
    this.#moveTo(zoom(moved, spread(now) / spread(before), middle));
  };

  readonly #onUp = (event: PointerEvent): void => {
    this.#pointers.delete(event.pointerId);
    if (this.#pointers.size === 0) this.#stage.classList.remove('is-dragged');
  };

  readonly #onDoubleClick = (event: MouseEvent): void => {
    const at = this.#pointOf(event);
    const { x, y, scale } = this.#view;
    const point = { x: (at.x - x) / scale, y: (at.y - y) / scale };
    const box = this.#drawing.boxes.findLast((each) => holds(each, point));
    if (!box) return;
    this.#isMoved = true;
    const all = showAll(box, this.#size()).scale;
    this.#glideTo(centre(box, Math.min(Math.max(scale, 1), all), this.#size()));
  };
}

const holds = ({ x, y, width, height }: Area, point: Point): boolean =>
  point.x >= x && point.x <= x + width && point.y >= y && point.y <= y + height;
