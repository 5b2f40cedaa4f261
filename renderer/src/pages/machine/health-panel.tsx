import { useState } from 'react';
import type { Failure, MachineLive, MachineView } from '../../../../shared/api.ts';
import { useMayAct } from '../../network.tsx';
import { asError, useClient } from '../../node-link.tsx';
import { Fault } from '../../parts/fault.tsx';
import { timeOfDay } from '../../parts/format.ts';
import { Text } from '../../parts/text.tsx';

interface HealthPanelProps {
  readonly view: MachineView;
  readonly live: MachineLive | undefined;
}

/** Failures that are shown; a machine remembers more. */
const MAX_SHOWN = 5;

/** What went wrong with the machine lately, and the two things that a person can do about it. */
export function HealthPanel({ view, live }: HealthPanelProps) {
  const mayAct = useMayAct();
  const failures = live?.failures.toReversed().slice(0, MAX_SHOWN) ?? [];
  return (
    <div className="health">
      <p className={view.healthy || !view.running ? 'muted' : 'health-bad'}>{sentenceOf(view, live)}</p>
      {failures.length > 0 && (
        <ul className="failures">
          {failures.map((failure) => (
            <FailureLine key={`${failure.at} ${failure.reason}`} failure={failure} />
          ))}
        </ul>
      )}
      {view.local && view.running && mayAct && (
        <Buttons machine={view.id} isStopped={live !== undefined && live.status !== 'active'} />
      )}
      {view.local && isMisfit(view, live) && mayAct && <BeginAnew machine={view.id} />}
    </div>
  );
}

/** What is stored of it does not fit its definition. */
const isMisfit = ({ running }: MachineView, live: MachineLive | undefined): boolean =>
  !running && live !== undefined && live.failures.length > 0;

function sentenceOf(view: MachineView, live: MachineLive | undefined): string {
  const { healthy, running, local, nodeName } = view;
  if (isMisfit(view, live))
    return 'It is parked: it cannot go on from what is stored of it. What is sent to it waits until it can, or begins anew.';
  if (!running) return 'It does not run. What is sent to it waits on its node until it does.';
  if (!healthy && live?.status === 'error')
    return live.failures.at(-1)?.restartsAfterMs === undefined
      ? 'It is parked: it failed, and takes no more events until it is restarted.'
      : 'It failed, and is about to begin anew.';
  if (!healthy && live?.status === 'stopped') return 'It was stopped, and takes no events until it is restarted.';
  if (!healthy) return 'It has given no sign of life for 30 s.';
  if (live?.status === 'done') return 'It has come to its end.';
  return local ? 'It takes events.' : `It takes events. It can be stopped on its own node, ${nodeName}.`;
}

function FailureLine({ failure: { at, reason, eventType, restartsAfterMs } }: { readonly failure: Failure }) {
  return (
    <li>
      <span className="muted">{timeOfDay(at)}</span> <Text length={200}>{reason}</Text>
      <span className="muted">
        {eventType !== undefined && (
          <>
            {' '}
            at <Text length={50}>{eventType}</Text>
          </>
        )}
        {restartsAfterMs !== undefined && `, began anew after ${restartsAfterMs} ms`}
      </span>
    </li>
  );
}

function BeginAnew({ machine }: { readonly machine: string }) {
  const client = useClient();
  const [fault, setFault] = useState<string>();
  const begin = () => {
    setFault(undefined);
    client?.call('restart', { machine, fresh: true }).catch((thrown: unknown) => setFault(asError(thrown).message));
  };
  return (
    <div className="health-buttons">
      <button type="button" className="button" disabled={!client} onClick={begin}>
        Begin anew
      </button>
      <Fault text={fault} />
    </div>
  );
}

function Buttons({ machine, isStopped }: { readonly machine: string; readonly isStopped: boolean }) {
  const client = useClient();
  const [fault, setFault] = useState<string>();
  const act = async (call: 'restart' | 'stop') => {
    setFault(undefined);
    try {
      await client?.call(call, { machine });
    } catch (thrown) {
      setFault(asError(thrown).message);
    }
  };
  return (
    <div className="health-buttons">
      <button type="button" className="button" disabled={!client} onClick={() => void act('restart')}>
        Restart
      </button>
      {!isStopped && (
        <button type="button" className="button" disabled={!client} onClick={() => void act('stop')}>
          Stop
        </button>
      )}
      <Fault text={fault} />
    </div>
  );
}
