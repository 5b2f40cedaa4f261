import type { MachineLive, MachineView } from '../../../../shared/api.ts';
import { StatusBadge } from '../../parts/badges.tsx';
import { CopyId } from '../../parts/copy-id.tsx';
import { Text } from '../../parts/text.tsx';
import { typeColour } from '../../parts/type-colour.ts';
import type { SeenMachine } from './use-machine.tsx';

interface MachineHeaderProps {
  readonly view: MachineView;
  readonly live: MachineLive | undefined;
  readonly presence: SeenMachine['presence'];
}

/** Which machine this is, where, and what it does. */
export function MachineHeader({ view, live, presence }: MachineHeaderProps) {
  const isResting = presence === 'resting';
  const state = isResting ? undefined : (live?.state ?? view.state);
  const status = live?.status ?? view.status;
  return (
    <header className="machine-head">
      <nav aria-label="Breadcrumbs" className="crumbs">
        <a href="#/machines">Machines</a>
        <span aria-hidden="true">/</span>
        <Text length={50}>{view.nodeName}</Text>
        <span aria-hidden="true">/</span>
        <span aria-current="page">
          <Text length={50}>{view.id}</Text>
        </span>
      </nav>
      <div className="machine-title">
        <h1>
          <Text length={50} empty="(no id)">
            {view.id}
          </Text>
        </h1>
        <span className="machine-type">
          <span className="type-dot" style={{ background: typeColour(view.type) }} />
          <Text length={50}>{view.type}</Text>
          {view.version !== '' && (
            <span className="muted">
              v<Text length={24}>{view.version}</Text>
            </span>
          )}
        </span>
        {isResting ? (
          <span className="badge warn">not running</span>
        ) : presence === 'here' ? (
          status && <StatusBadge status={status} />
        ) : (
          <span className="badge idle">{presence === 'away' ? 'away' : 'gone'}</span>
        )}
        {view.persisted && <span className="badge idle">persisted</span>}
        <span className="muted machine-place">
          on <Text length={50}>{view.nodeName}</Text>
          {view.local && ', this node'}
        </span>
        <CopyId id={view.address} label="the address of this machine" length={14} />
      </div>
      <p className={`machine-state${presence === 'here' ? '' : ' is-old'}`} data-testid="state-text">
        {state ? <Text length={200}>{state}</Text> : <span className="muted">{withoutState(isResting, status)}</span>}
      </p>
    </header>
  );
}

function withoutState(isResting: boolean, status: MachineLive['status'] | undefined): string {
  if (isResting) return 'Does not run: what is sent to it waits';
  return status ? 'No states' : 'Its node has not told its state';
}
