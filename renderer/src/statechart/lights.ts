import type { MachineLive } from '../../../shared/api.ts';
import { type Drawing, hasMany } from './drawing.ts';
import { pathOf } from './path.ts';

/** Milliseconds that the glow takes along its line. */
const GLOW_MS = 700;
/** Lines taken in one step. Light along ten of them at once says nothing, and costs a third of the frames. */
const MAX_GLOWS = 3;

/**
 * Shows what a machine is doing on a drawing that stands: it toggles classes of what is there and touches nothing else, so that
 * ten updates a second cost the same with ten states and with three hundred. A state that was left fades by its CSS.
 */
export class Lights {
  readonly #states = new Map<string, Element[]>();
  readonly #transitions = new Map<string, Element[]>();
  readonly #bySource = new Map<string, Element[]>();
  readonly #paths: ReadonlyMap<string, string>;
  readonly #glows: Element;
  readonly #isCalm: boolean;
  #active = new Set<string>();
  #last: readonly string[] = [];
  #step = -1;

  /** `stage` holds the drawing, and whatever else carries `data-state`; `glows` is where light may run. */
  constructor(stage: Element, glows: Element, drawing: Drawing | undefined) {
    this.#glows = glows;
    this.#isCalm = drawing === undefined || hasMany(drawing);
    this.#paths = new Map(drawing?.routes.map(({ transition, points }) => [transition.id, pathOf(points)]));
    for (const element of stage.querySelectorAll<HTMLElement | SVGElement>('[data-state],[data-transition]')) {
      const { state, transition, source } = element.dataset;
      if (state !== undefined) push(this.#states, state, element);
      if (transition !== undefined) push(this.#transitions, transition, element);
      if (source !== undefined) push(this.#bySource, source, element);
    }
  }

  show({ active, last, step }: Pick<MachineLive, 'active' | 'last' | 'step'>): void {
    const now = new Set(active);
    for (const id of this.#active) if (!now.has(id)) this.#toggle(id, false);
    for (const id of now) if (!this.#active.has(id)) this.#toggle(id, true);
    this.#active = now;

    if (step === this.#step) return;
    const isFirst = this.#step < 0;
    this.#step = step;
    this.#mark(this.#last, false);
    this.#last = last?.transitions ?? [];
    this.#mark(this.#last, true);
    // What happened before anybody looked is shown, but did not happen just now.
    if (!isFirst) this.#glow();
  }

  #mark(transitions: readonly string[], on: boolean): void {
    for (const id of transitions)
      for (const element of this.#transitions.get(id) ?? []) element.classList.toggle('is-last', on);
  }

  #toggle(id: string, on: boolean): void {
    for (const element of this.#states.get(id) ?? []) {
      element.classList.toggle('is-active', on);
      if (element instanceof HTMLElement) element.ariaCurrent = on ? 'true' : null;
    }
    for (const element of this.#bySource.get(id) ?? []) element.classList.toggle('is-open', on);
  }

  /** Light runs along each line that was just taken; the one before it goes out. */
  #glow(): void {
    this.#glows.replaceChildren();
    if (this.#isCalm || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const paths = this.#last.flatMap((id) => this.#paths.get(id) ?? []);
    if (paths.length > MAX_GLOWS) return;
    for (const d of paths) {
      const glow = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      glow.setAttribute('d', d);
      // The line counts as 1 long, however long it is.
      glow.setAttribute('pathLength', '1');
      glow.setAttribute('class', 'sc-glow');
      this.#glows.append(glow);
      glow.animate(
        [
          { strokeDashoffset: 0.3, opacity: 1 },
          { strokeDashoffset: -0.8, opacity: 1, offset: 0.8 },
          { strokeDashoffset: -1, opacity: 0 },
        ],
        { duration: GLOW_MS, easing: 'ease-out', fill: 'forwards' },
      );
    }
  }
}

function push(map: Map<string, Element[]>, key: string, element: Element): void {
  const known = map.get(key);
  if (known) known.push(element);
  else map.set(key, [element]);
}
