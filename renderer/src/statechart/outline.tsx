import { memo } from 'react';
import type { ChartState } from '../../../shared/api.ts';
import { told } from './text.ts';

/** The states as nested lists: for those who listen, and where there is no drawing. Active ones get `aria-current`. */
export const Outline = memo(function Outline({ root }: { readonly root: ChartState }) {
  return (
    <ul className="sc-outline">
      <OutlineState state={root} />
    </ul>
  );
});

const WORDS: Readonly<Record<ChartState['type'], string>> = {
  atomic: '',
  compound: '',
  parallel: ', all parts at once',
  final: ', final',
  history: ', history',
};

function OutlineState({ state }: { readonly state: ChartState }) {
  return (
    <li>
      <span data-state={state.id}>
        {told(state.key)}
        {WORDS[state.type]}
      </span>
      {state.children.length > 0 && (
        <ul>
          {state.children.map((child) => (
            <OutlineState key={child.id} state={child} />
          ))}
        </ul>
      )}
    </li>
  );
}
