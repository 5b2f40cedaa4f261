import './trust-page.css';
import { useMayAct, useNetwork } from '../../network.tsx';
import { Skeleton } from '../../parts/notice.tsx';
import { DoneByHand } from './done-by-hand.tsx';
import { Blocked, Members } from './known-nodes.tsx';
import { NetworkCard } from './network-card.tsx';
import { Strangers } from './strangers.tsx';

/** Who may come in, who waits at the door, and who is shut out. */
export function TrustPage() {
  const { trust, peers = [] } = useNetwork();
  const mayAct = useMayAct();
  return (
    <div className="page trust-page">
      <div className="page-head">
        <h1>Trust</h1>
        {!mayAct && <span className="badge idle">You may look, and change nothing</span>}
      </div>
      {trust ? (
        <>
          <NetworkCard trust={trust} />
          {!trust.open && <Strangers strangers={trust.strangers} />}
          <Members peers={peers} trusted={trust.trusted} />
          <Blocked blocked={trust.blocked} />
          <DoneByHand trust={trust} />
        </>
      ) : (
        <div className="card">
          <Skeleton rows={6} />
        </div>
      )}
    </div>
  );
}
