import { plain } from './text.tsx';

interface ChoiceProps {
  readonly label: string;
  /** What choosing nothing means, as in `All types`. */
  readonly all: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly onChange: (value: string) => void;
}

/** One of many, or all. A value that is no option any more is kept: what was chosen must not change by itself. */
export function Choice({ label, all, value, options, onChange }: ChoiceProps) {
  const known = value === '' || options.some(([option]) => option === value);
  return (
    <select className="field" aria-label={label} value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">{all}</option>
      {!known && <option value={value}>{plain(value, 40)}</option>}
      {options.map(([option, text]) => (
        <option key={option} value={option}>
          {plain(text, 40) || '(no name)'}
        </option>
      ))}
    </select>
  );
}
