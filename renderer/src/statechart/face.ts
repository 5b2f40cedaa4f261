import type { ChartState, ChartTransition } from '../../../shared/api.ts';
import type { Face, Label, Row } from './drawing.ts';
import type { Metrics } from './measure.ts';
import { drawn } from './text.ts';

export const TITLE_HEIGHT = 30;
export const ROW_HEIGHT = 17;
export const BOX_PADDING = 12;
export const LABEL_PADDING = 7;
export const HISTORY_SIZE = 26;
const TAG_GAP = 6;
const TAG_PADDING = 12;
/** Lines of one kind in one box; the rest is counted. */
const MAX_LINES = 12;
/** Actions at a line. */
const MAX_ACTIONS = 4;

export function faceOf(state: ChartState, inner: readonly ChartTransition[]): Face {
  const lines = (kind: Row['kind'], names: readonly string[]): Row[] =>
    limited(names, MAX_LINES).map((name) => ({ kind, lead: `${kind} /`, text: drawn(name) }));
  return {
    title: drawn(state.key),
    tags: limited(state.tags, 3).map(drawn),
    rows: [
      ...(state.description
        ? [{ kind: 'description' as const, lead: '', text: drawn(state.description.replace(/\s+/g, ' ')) }]
        : []),
      ...lines('invoke', state.invoke),
      ...lines('entry', state.entry),
      ...lines('exit', state.exit),
      ...inner.map(innerRow),
    ],
  };
}

function innerRow(transition: ChartTransition): Row {
  const { actions, guard, label } = transition;
  const condition = guard === undefined ? '' : ` [${drawn(guard)}]`;
  const lead = drawn(label) + condition;
  return actions.length === 0
    ? { kind: 'forbidden', lead, text: 'changes nothing', transition }
    : { kind: 'inner', lead: `${lead} /`, text: limited(actions, MAX_ACTIONS).map(drawn).join(', '), transition };
}

export function labelOf({ label, guard, actions }: ChartTransition): Label {
  return {
    event: drawn(label),
    ...(guard !== undefined && { guard: `[${drawn(guard)}]` }),
    actions: limited(actions, MAX_ACTIONS).map((name) => `/ ${drawn(name)}`),
  };
}

function limited(names: readonly string[], max: number): readonly string[] {
  return names.length <= max ? names : [...names.slice(0, max - 1), `${names.length - max + 1} more`];
}

/** What a box needs for its own texts, its children apart. */
export function faceSize(face: Face, metrics: Metrics): { readonly width: number; readonly height: number } {
  const title = face.tags.reduce(
    (width, tag) => width + TAG_GAP + TAG_PADDING + metrics.row(tag),
    metrics.title(face.title),
  );
  const rows = face.rows.map(({ lead, text }) => metrics.event(lead) + metrics.row(`  ${text}`));
  return {
    width: Math.max(72, 2 * BOX_PADDING + Math.max(title, ...rows)),
    height: TITLE_HEIGHT + (face.rows.length > 0 ? face.rows.length * ROW_HEIGHT + 10 : 0),
  };
}

export function labelSize(label: Label, metrics: Metrics): { readonly width: number; readonly height: number } {
  const first = metrics.event(label.event) + (label.guard ? metrics.row(` ${label.guard}`) : 0);
  return {
    width: 2 * LABEL_PADDING + Math.max(first, ...label.actions.map(metrics.row)),
    height: 6 + ROW_HEIGHT * (1 + label.actions.length),
  };
}

/** Where the tags stand, from the left edge of their box. */
export function tagPlaces(
  { title, tags }: Face,
  metrics: Metrics,
): readonly { text: string; x: number; width: number }[] {
  let x = BOX_PADDING + metrics.title(title) + TAG_GAP;
  return tags.map((text) => {
    const width = metrics.row(text) + TAG_PADDING - TAG_GAP / 2;
    const place = { text, x, width };
    x += width + TAG_GAP;
    return place;
  });
}
