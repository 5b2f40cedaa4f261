import type { Box, Row } from './drawing.ts';
import { BOX_PADDING, ROW_HEIGHT, TITLE_HEIGHT, tagPlaces } from './face.ts';
import type { Metrics } from './measure.ts';
import { told } from './text.ts';

/** One state: its box, its name, what happens in it. */
export function StateBox({ box, metrics }: { readonly box: Box; readonly metrics: Metrics }) {
  const { state, face, isRegion, x, y, width, height } = box;
  const place = { 'data-state': state.id, transform: `translate(${x} ${y})` };
  if (state.type === 'history')
    return (
      <g className="sc-state sc-history" {...place}>
        <title>{`${state.history === 'deep' ? 'Deep history' : 'History'}: ${told(state.key)}`}</title>
        <circle className="sc-shape" cx={width / 2} cy={height / 2} r={width / 2} />
        <text className="sc-history-mark" x={width / 2} y={height / 2}>
          {state.history === 'deep' ? 'H*' : 'H'}
        </text>
      </g>
    );
  const kind = state.children.length > 0 ? 'sc-holder' : 'sc-leaf';
  const ruleY = TITLE_HEIGHT - 0.5;
  return (
    <g className={`sc-state ${kind} sc-${state.type}${isRegion ? ' sc-region' : ''}`} {...place}>
      <title>{tooltip(box)}</title>
      <rect className="sc-shape" width={width} height={height} rx={state.type === 'final' ? 10 : 8} />
      {state.type === 'final' && (
        <rect className="sc-final-inner" x={4} y={4} width={width - 8} height={height - 8} rx={7} />
      )}
      <text className="sc-title" x={BOX_PADDING} y={20}>
        {face.title}
      </text>
      {tagPlaces(face, metrics).map((tag) => (
        <g key={tag.x} className="sc-tag" transform={`translate(${tag.x} 8)`}>
          <rect width={tag.width} height={16} rx={8} />
          <text x={tag.width / 2} y={12}>
            {tag.text}
          </text>
        </g>
      ))}
      {face.rows.length > 0 && <line className="sc-rule" x1={0} x2={width} y1={ruleY} y2={ruleY} />}
      {face.rows.map((row, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows of a chart never move, and names may repeat
        <BoxRow key={index} row={row} y={TITLE_HEIGHT + 17 + index * ROW_HEIGHT} />
      ))}
    </g>
  );
}

function BoxRow({ row, y }: { readonly row: Row; readonly y: number }) {
  return (
    <text
      className={`sc-row sc-row-${row.kind}`}
      x={BOX_PADDING}
      y={y}
      {...(row.transition && { 'data-transition': row.transition.id, 'data-source': row.transition.source })}
    >
      {row.lead !== '' && <tspan className="sc-lead">{row.lead}</tspan>}
      {row.lead !== '' && ' '}
      <tspan>{row.text}</tspan>
    </text>
  );
}

function tooltip({ state }: Box): string {
  const lines = [told(state.key), told(state.id)];
  if (state.description) lines.push(told(state.description));
  if (state.tags.length > 0) lines.push(`Tags: ${told(state.tags.join(', '))}`);
  return lines.join('\n');
}
