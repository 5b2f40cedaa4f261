import type { Bring } from '../../../shared/api.ts';
import { plural } from '../parts/format.ts';

interface BringChoiceProps {
  readonly members: number;
  readonly value: Bring | undefined;
  readonly onChange: (bring: Bring) => void;
}

/** Whether the others of this node's network come along. Not asked where there are none. */
export function BringChoice({ members, value, onChange }: BringChoiceProps) {
  if (members === 0) return null;
  const option = (bring: Bring, text: string) => (
    <label>
      <input type="radio" name="bring" checked={value === bring} onChange={() => onChange(bring)} />
      {text}
    </label>
  );
  return (
    <fieldset className="bring">
      <legend>{plural(members, 'other node')} in this node’s network:</legend>
      {option('all', 'bring all along')}
      {option('alone', 'leave behind: this node moves alone')}
    </fieldset>
  );
}
