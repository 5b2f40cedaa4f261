import type { Point } from './drawing.ts';

const CORNER = 7;
const ARROW_LENGTH = 8;
const ARROW_WIDTH = 3.6;

/** An SVG path through the points, its corners rounded. */
export function pathOf(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (!first) return '';
  let path = `M${at(first)}`;
  let before = first;
  for (const [index, point] of rest.entries()) {
    const next = rest[index + 1];
    if (!next) {
      path += `L${at(point)}`;
      break;
    }
    const radius = Math.min(CORNER, distance(before, point) / 2, distance(point, next) / 2);
    path += `L${at(towards(point, before, radius))}Q${at(point)} ${at(towards(point, next, radius))}`;
    before = point;
  }
  return path;
}

/** The head of an arrow that arrives along the last stretch. Own triangles take the colour of their line in every browser. */
export function arrowOf(points: readonly Point[]): string {
  const tip = points.at(-1);
  const from = points.at(-2);
  if (!tip || !from) return '';
  const base = towards(tip, from, ARROW_LENGTH);
  const length = distance(tip, from) || 1;
  const sideways = { x: ((tip.y - from.y) / length) * ARROW_WIDTH, y: ((from.x - tip.x) / length) * ARROW_WIDTH };
  return `M${at(tip)}L${at({ x: base.x + sideways.x, y: base.y + sideways.y })}L${at({ x: base.x - sideways.x, y: base.y - sideways.y })}Z`;
}

const at = ({ x, y }: Point): string => `${round(x)} ${round(y)}`;
const round = (number: number): number => Math.round(number * 10) / 10;
const distance = (one: Point, other: Point): number => Math.hypot(one.x - other.x, one.y - other.y);

function towards(from: Point, to: Point, length: number): Point {
  const share = length / (distance(from, to) || 1);
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}
