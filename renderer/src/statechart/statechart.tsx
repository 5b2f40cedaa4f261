import { memo, useEffect, useId, useRef } from 'react';
import type { Chart, MachineLive } from '../../../shared/api.ts';
import { Camera } from './camera.ts';
import { type Drawing, hasMany } from './drawing.ts';
import { Lights } from './lights.ts';
import type { Metrics } from './measure.ts';
import { Outline } from './outline.tsx';
import { StateBox } from './state-box.tsx';
import './statechart.css';
import { told } from './text.ts';
import { StartLine, TransitionLabel, TransitionLine } from './transition-line.tsx';
import { useDrawing } from './use-drawing.ts';

export interface StatechartProps {
  /** The same object for the same chart: another one is laid out anew. */
  readonly chart: Chart;
  /** Missing while nothing is known. */
  readonly live: MachineLive | undefined;
  /** Whether `live` is old. */
  readonly isStale?: boolean;
}

/** A statechart that lights up as its machine moves. */
export function Statechart({ chart, live, isStale = false }: StatechartProps) {
  const stage = useRef<HTMLElement>(null);
  const world = useRef<SVGGElement>(null);
  const glows = useRef<SVGGElement>(null);
  const whole = useRef<HTMLDivElement>(null);
  const lights = useRef<Lights>(undefined);
  const camera = useRef<Camera>(undefined);
  const newest = useRef(live);
  newest.current = live;
  const hint = useId();
  const drawn = useDrawing(chart, stage);
  const drawing = drawn.state === 'ready' ? drawn.drawing : undefined;
  const isCalm = drawing !== undefined && hasMany(drawing);

  useEffect(() => {
    if (!whole.current || !glows.current) return;
    lights.current = new Lights(whole.current, glows.current, drawing);
    if (newest.current) lights.current.show(newest.current);
  }, [drawing]);

  useEffect(() => {
    if (live) lights.current?.show(live);
  }, [live]);

  useEffect(() => {
    if (!drawing || !stage.current || !world.current) return;
    const innermost = newest.current?.active.at(-1);
    const active = drawing.boxes.find(({ state }) => state.id === innermost) ?? drawing.boxes[1];
    const mine = new Camera(stage.current, world.current, drawing, active);
    camera.current = mine;
    return () => mine.stop();
  }, [drawing]);

  return (
    <div ref={whole} className={`sc${isStale ? ' is-stale' : ''}${isCalm ? ' is-calm' : ''}`}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is moved by keys must take the focus */}
      <section ref={stage} className="sc-stage" aria-label="Statechart" aria-describedby={hint} tabIndex={0}>
        <svg role="img" aria-label={`Statechart of ${told(chart.id)}`}>
          <g ref={world} className="sc-world">
            {drawn.state === 'ready' && <Lines drawing={drawn.drawing} metrics={drawn.metrics} />}
            <g ref={glows} />
            {drawn.state === 'ready' && <Labels drawing={drawn.drawing} />}
          </g>
        </svg>
        {drawn.state === 'drawing' && (
          <p className="sc-message" role="status">
            Drawing the statechart…
          </p>
        )}
        {drawn.state === 'failed' && (
          <p className="sc-message" role="status">
            No picture of this statechart: {drawn.why}. Its states are listed below.
          </p>
        )}
      </section>
      <p id={hint} className="sc-hidden">
        Arrow keys move it, plus and minus zoom, 0 shows all of it.
      </p>
      <div className="sc-tools" hidden={!drawing}>
        <Tool name="Zoom in" keys="+" sign="M4 8h8M8 4v8" act={() => camera.current?.zoomIn()} />
        <Tool name="Zoom out" keys="−" sign="M4 8h8" act={() => camera.current?.zoomOut()} />
        <Tool
          name="Show all"
          keys="0"
          sign="M6 3H3v3M10 3h3v3M6 13H3v-3M10 13h3v-3"
          act={() => camera.current?.fit()}
        />
      </div>
      <div className={drawn.state === 'failed' ? 'sc-instead' : 'sc-hidden'}>
        <Outline root={chart.root} />
      </div>
    </div>
  );
}

/** Drawn once; from then on only `Lights` and `Camera` touch it. */
const Lines = memo(function Lines({ drawing, metrics }: { readonly drawing: Drawing; readonly metrics: Metrics }) {
  return (
    <>
      {drawing.boxes.map((box) => (
        <StateBox key={box.state.id} box={box} metrics={metrics} />
      ))}
      {drawing.starts.map((start, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they never move
        <StartLine key={index} start={start} />
      ))}
      {drawing.routes.map((route) => (
        <TransitionLine key={route.transition.id} route={route} />
      ))}
    </>
  );
});

const Labels = memo(function Labels({ drawing }: { readonly drawing: Drawing }) {
  return drawing.routes.map((route) => <TransitionLabel key={route.transition.id} route={route} />);
});

interface ToolProps {
  readonly name: string;
  readonly keys: string;
  readonly sign: string;
  readonly act: () => void;
}

const Tool = ({ name, keys, sign, act }: ToolProps) => (
  <button type="button" className="sc-tool" aria-label={name} title={`${name} (${keys})`} onClick={act}>
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <path d={sign} />
    </svg>
  </button>
);
