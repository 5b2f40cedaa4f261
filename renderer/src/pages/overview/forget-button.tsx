import type { PeerView } from '../../../../shared/api.ts';
import { useMayAct } from '../../network.tsx';
import { ConfirmButton } from '../../parts/confirm-button.tsx';
import { Fault } from '../../parts/fault.tsx';
import { count } from '../../parts/format.ts';
import { plain } from '../../parts/text.tsx';
import { useAct } from '../../parts/use-act.ts';

/** For a peer that is away and will never return. */
export function ForgetButton({ peer: { id, name, state, incarnation, waiting } }: { readonly peer: PeerView }) {
  const mayAct = useMayAct();
  const { act, ready, fault } = useAct();
  if (!mayAct || state !== 'offline' || incarnation === 0) return null;
  return (
    <>
      <ConfirmButton
        sure={waiting > 0 ? `Forget it, and ${count(waiting)} that wait?` : 'Forget it?'}
        label={plain(name, 40)}
        disabled={!ready}
        onConfirm={() => void act('forget', { node: id })}
      >
        Forget
      </ConfirmButton>
      <Fault text={fault} />
    </>
  );
}
