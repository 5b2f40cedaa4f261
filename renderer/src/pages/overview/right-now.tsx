import type { MachineView } from '../../../../shared/api.ts';
import type { Address } from '../../../../shared/ids.ts';
import { plural } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { Notice } from '../../parts/notice.tsx';
import { plain, Text } from '../../parts/text.tsx';
import { typeColour } from '../../parts/type-colour.ts';
import { machineHref } from '../../router.ts';
import type { Wait } from './waits.ts';

/** As many as are seen at a glance. */
const MOST = 10;

interface RightNowProps {
  readonly machines: ReadonlyMap<Address, MachineView>;
  readonly waits: ReadonlyMap<Address, Wait>;
}

/** Which machine waits for which. A few machines are all shown, each in its place; of many only those that wait. */
export function RightNow({ machines, waits }: RightNowProps) {
  const all = [...machines.values()].toSorted((a, b) => (a.type + a.id < b.type + b.id ? -1 : 1));
  const isFew = all.length <= MOST;
  const shown = isFew ? all : all.filter(({ address }) => waits.has(address)).slice(0, MOST);
  return (
    <section className="card right-now" aria-labelledby="right-now-title">
      <div className="card-head">
        <h2 id="right-now-title">Who waits for whom</h2>
        <span className="muted push">
          {waits.size === 0 ? 'nobody' : `${plural(waits.size, 'machine')} of ${machines.size}`}
        </span>
      </div>
      {all.length === 0 ? (
        <Notice icon="machines" title="No machines yet">
          Machines of this node and of its peers appear here with what they do.
        </Notice>
      ) : (
        <ul>
          {shown.map((machine) => (
            <Line key={machine.address} machine={machine} wait={waits.get(machine.address)} />
          ))}
          {!isFew && shown.length === 0 && <li className="right-now-none muted">No machine waits for another.</li>}
        </ul>
      )}
    </section>
  );
}

function Line({ machine, wait }: { readonly machine: MachineView; readonly wait: Wait | undefined }) {
  return (
    <li className={wait ? 'waits' : machine.reachable && machine.running ? '' : 'unreachable'}>
      <span className="type-dot" style={{ background: typeColour(machine.type) }} />
      <a href={machineHref(machine.address)} className="right-now-name">
        <Text length={40}>{machine.id}</Text>
      </a>
      <Text className="state-text right-now-state" length={60} empty="–">
        {machine.state ?? '–'}
      </Text>
      <span className="right-now-wait">
        {wait ? (
          <>
            <Icon name="clock" size={13} />
            <span>
              waits for <b>{plain(wait.wanted, 30)}</b>
              {wait.target?.state && (
                <>
                  {' '}
                  (<span className="state-text">{plain(wait.target.state, 30)}</span>)
                </>
              )}
              {wait.event && (
                <span className="muted">
                  {' · '}
                  {plain(wait.event.type, 24)} {wait.event.fate === 'ignored' ? 'ignored' : 'not delivered yet'}
                </span>
              )}
            </span>
          </>
        ) : (
          <span className="muted">
            {plain(machine.nodeName, 24)}
            {!machine.reachable ? ' is away' : !machine.running && ' does not run it'}
          </span>
        )}
      </span>
    </li>
  );
}
