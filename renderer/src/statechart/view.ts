import type { Area, Point } from './drawing.ts';

/** What part of a drawing is seen: drawing point × scale + offset = pixel of the stage. */
export interface View extends Point {
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const MIN_SCALE = 0.05;
const MAX_SCALE = 4;
/** Texts below this cannot be read. */
const READABLE_SCALE = 0.6;
/** A small chart is not blown up beyond this. */
const MAX_FIT_SCALE = 1.25;
/** Pixels around a fitted drawing. */
const MARGIN = 20;
/** Pixels at the bottom that belong to the tools. */
const TOOLS = 44;

export function showAll(drawing: Size, whole: Size): View {
  const stage = { width: whole.width, height: Math.max(1, whole.height - TOOLS) };
  const scale = clamp(
    Math.min((stage.width - 2 * MARGIN) / drawing.width, (stage.height - 2 * MARGIN) / drawing.height, MAX_FIT_SCALE),
  );
  return centre({ x: 0, y: 0, ...drawing }, scale, stage);
}

/** Whether all of it can be read at once. */
export const isReadable = (drawing: Size, stage: Size): boolean => showAll(drawing, stage).scale >= READABLE_SCALE;

/** Everything, if it can be read then; else what happens now, at a size that can be read. */
export function firstLook(drawing: Size, active: Area | undefined, stage: Size): View {
  const all = showAll(drawing, stage);
  if (!active || isReadable(drawing, stage)) return all;
  const looked = centre(active, 0.85, stage);
  const hold = (offset: number, drawn: number, seen: number) =>
    drawn <= seen ? (seen - drawn) / 2 : Math.min(MARGIN, Math.max(seen - drawn - MARGIN, offset));
  return {
    scale: looked.scale,
    x: hold(looked.x, drawing.width * looked.scale, stage.width),
    y: hold(looked.y, drawing.height * looked.scale, stage.height),
  };
}

export const centre = ({ x, y, width, height }: Area, scale: number, stage: Size): View => ({
  scale,
  x: stage.width / 2 - (x + width / 2) * scale,
  y: stage.height / 2 - (y + height / 2) * scale,
});

/** So that what is under `at`, a pixel of the stage, stays there. */
export function zoom(view: View, factor: number, at: Point): View {
  const scale = clamp(view.scale * factor);
  const grown = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * grown, y: at.y - (at.y - view.y) * grown };
}

export const pan = (view: View, by: Point): View => ({ ...view, x: view.x + by.x, y: view.y + by.y });

/** Never so far away that nothing of the drawing is left to be seen. */
export function keptInSight(view: View, drawing: Size, stage: Size): View {
  const hold = (offset: number, drawn: number, seen: number) => {
    const rest = Math.min(60, drawn / 2, seen / 2);
    return Math.min(seen - rest, Math.max(rest - drawn, offset));
  };
  return {
    scale: view.scale,
    x: hold(view.x, drawing.width * view.scale, stage.width),
    y: hold(view.y, drawing.height * view.scale, stage.height),
  };
}

const clamp = (scale: number): number => Math.min(MAX_SCALE, Math.max(MIN_SCALE, scale));
