import type { Label, Route, Start } from './drawing.ts';
import { LABEL_PADDING, ROW_HEIGHT } from './face.ts';
import { arrowOf, pathOf } from './path.ts';
import { told } from './text.ts';

/** One transition's line and its head. */
export function TransitionLine({ route: { transition, points } }: { readonly route: Route }) {
  return (
    <g className="sc-transition" data-transition={transition.id} data-source={transition.source}>
      <path className="sc-line" d={pathOf(points)} />
      <path className="sc-arrow" d={arrowOf(points)} />
    </g>
  );
}

/** What stands at it. Labels lie above all lines, and above the light that runs along them. */
export function TransitionLabel({ route }: { readonly route: Route }) {
  const { transition, label, labelArea } = route;
  return (
    <g
      className="sc-label"
      data-transition={transition.id}
      data-source={transition.source}
      transform={`translate(${labelArea.x} ${labelArea.y})`}
    >
      <title>{tooltip(route)}</title>
      <rect width={labelArea.width} height={labelArea.height} rx={6} />
      <LabelText label={label} />
    </g>
  );
}

function LabelText({ label: { event, guard, actions } }: { readonly label: Label }) {
  return (
    <>
      <text className="sc-label-first" x={LABEL_PADDING} y={15}>
        <tspan className="sc-event">{event}</tspan>
        {guard !== undefined && ' '}
        {guard !== undefined && <tspan className="sc-guard">{guard}</tspan>}
      </text>
      {actions.map((action, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: actions of a chart never move, and names may repeat
        <text key={index} className="sc-action" x={LABEL_PADDING} y={15 + (index + 1) * ROW_HEIGHT}>
          {action}
        </text>
      ))}
    </>
  );
}

function tooltip({ transition: { label, guard, actions } }: Route): string {
  const lines = [told(label)];
  if (guard !== undefined) lines.push(`if ${told(guard)}`);
  if (actions.length > 0) lines.push(`does ${told(actions.join(', '))}`);
  return lines.join('\n');
}

export function StartLine({ start }: { readonly start: Start }) {
  return (
    <g className="sc-start">
      <circle cx={start.dot.x} cy={start.dot.y} r={4.5} />
      <path className="sc-line" d={pathOf(start.points)} />
      <path className="sc-arrow" d={arrowOf(start.points)} />
    </g>
  );
}
