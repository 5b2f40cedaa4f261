import { type RefObject, useEffect, useState } from 'react';
import type { Chart } from '../../../shared/api.ts';
import { reasonOf } from '../../../shared/errors.ts';
import { allStates, type Direction, type Drawing } from './drawing.ts';
import { layOut } from './elk.ts';
import { MAX_DRAWN_STATES, planOf } from './layout.ts';
import { type Metrics, metricsOf } from './measure.ts';
import { isReadable, showAll } from './view.ts';

export type Drawn =
  | { readonly state: 'drawing' }
  | { readonly state: 'ready'; readonly drawing: Drawing; readonly metrics: Metrics }
  | { readonly state: 'failed'; readonly why: string };

/** Lays a chart out, once; the stage's shape says in which direction. */
export function useDrawing(chart: Chart, stage: RefObject<HTMLElement | null>): Drawn {
  const [drawn, setDrawn] = useState<Drawn>({ state: 'drawing' });
  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    let isWanted = true;
    const become = (next: Drawn) => isWanted && setDrawn(next);
    become({ state: 'drawing' });
    const draw = async () => {
      try {
        const count = allStates(chart.root).length;
        if (count > MAX_DRAWN_STATES) throw new Error(`It has ${count} states, too many for a picture`);
        const metrics = metricsOf(element);
        become({ state: 'ready', drawing: await drawingOf(chart, metrics, element), metrics });
      } catch (thrown) {
        become({ state: 'failed', why: reasonOf(thrown) });
      }
    };
    void draw();
    return () => {
      isWanted = false;
    };
  }, [chart, stage]);
  return drawn;
}

/** In the direction that shows more of it: the shape of the stage says which to try first. */
async function drawingOf(chart: Chart, metrics: Metrics, { clientWidth, clientHeight }: Element): Promise<Drawing> {
  const stage = { width: clientWidth, height: clientHeight };
  const draw = async (direction: Direction) => {
    const plan = planOf(chart, metrics, direction);
    return plan.read(await layOut(plan.graph));
  };
  const isNarrow = clientWidth < clientHeight * 1.1;
  const first = await draw(isNarrow ? 'DOWN' : 'RIGHT');
  if (isReadable(first, stage)) return first;
  const other = await draw(isNarrow ? 'RIGHT' : 'DOWN');
  return showAll(other, stage).scale > showAll(first, stage).scale ? other : first;
}
