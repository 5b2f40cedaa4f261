import type { ChartState, ChartTransition } from '../../../shared/api.ts';

// What is drawn, with the places that the layout found. All numbers are pixels of the drawing.

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Area extends Point {
  readonly width: number;
  readonly height: number;
}

/** A line of text inside a box. */
export interface Row {
  readonly kind: 'description' | 'entry' | 'exit' | 'invoke' | 'inner' | 'forbidden';
  /** In front, and muted: `entry /`. */
  readonly lead: string;
  readonly text: string;
  /** Of a transition that does not leave its state. */
  readonly transition?: ChartTransition;
}

export interface Face {
  readonly title: string;
  readonly tags: readonly string[];
  readonly rows: readonly Row[];
}

export interface Box extends Area {
  readonly state: ChartState;
  readonly face: Face;
  readonly isRegion: boolean;
}

/** What stands at a transition's line. */
export interface Label {
  readonly event: string;
  readonly guard?: string;
  readonly actions: readonly string[];
}

export interface Route {
  readonly transition: ChartTransition;
  readonly points: readonly Point[];
  readonly label: Label;
  readonly labelArea: Area;
}

/** The dot and the line that lead to the child that is entered first. */
export interface Start {
  readonly dot: Point;
  readonly points: readonly Point[];
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** Outer ones before those inside them. */
  readonly boxes: readonly Box[];
  readonly routes: readonly Route[];
  readonly starts: readonly Start[];
}

/** Boxes. */
const MANY = 100;

/** Whether light that fades and runs would cost more frames than it is worth: each one paints the whole drawing anew. */
export const hasMany = ({ boxes }: Drawing): boolean => boxes.length > MANY;

/** Right where there is room beside, down on narrow screens. */
export type Direction = 'RIGHT' | 'DOWN';

export function allStates(state: ChartState): ChartState[] {
  return [state, ...state.children.flatMap(allStates)];
}
