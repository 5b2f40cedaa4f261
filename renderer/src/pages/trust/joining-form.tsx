import { type FormEvent, type InputHTMLAttributes, useId, useState } from 'react';
import type { Bring } from '../../../../shared/api.ts';
import { BringChoice } from '../../pairing/bring-choice.tsx';
import { Fault } from '../../parts/fault.tsx';
import { type Acting, useAct } from '../../parts/use-act.ts';

interface Props {
  readonly label: string;
  readonly submit: string;
  readonly field: Pick<InputHTMLAttributes<HTMLInputElement>, 'autoFocus' | 'inputMode' | 'maxLength' | 'placeholder'>;
  /** How many others this network has: if any, it is asked who moves. */
  readonly members: number;
  readonly isWhole: (secret: string) => boolean;
  readonly call: (act: Acting['act'], secret: string, bring: { readonly bring?: Bring }) => Promise<boolean>;
  readonly done: () => void;
}

/** Takes the secret of another network, its key or a code, and moves there. */
export function JoiningForm({ label, submit, field, members, isWhole, call, done }: Props) {
  const { act, ready, fault } = useAct();
  const [typed, setTyped] = useState('');
  const [bring, setBring] = useState<Bring>();
  const id = useId();
  const secret = typed.trim();
  const join = async (event: FormEvent) => {
    event.preventDefault();
    if (await call(act, secret, { ...(bring && { bring }) })) done();
  };
  return (
    <form className="node-row-form" onSubmit={(event) => void join(event)}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="field mono"
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
        {...field}
      />
      <BringChoice members={members} value={bring} onChange={setBring} />
      <button
        type="submit"
        className="button primary"
        disabled={!ready || !isWhole(secret) || (members > 0 && bring === undefined)}
      >
        {submit}
      </button>
      <Fault text={fault} />
    </form>
  );
}
