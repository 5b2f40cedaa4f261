import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import type { Chart, MachineLive, MachineView } from '../../../../shared/api.ts';
import type { InterMachineError } from '../../../../shared/errors.ts';
import type { Address } from '../../../../shared/ids.ts';
import { useNetwork } from '../../network.tsx';
import { useCall, useItems } from '../../node-link.tsx';

export interface SeenMachine {
  /** `resting`: its node knows it and does not run it. `gone`: it was here while this page was open. */
  readonly presence: 'loading' | 'unknown' | 'here' | 'resting' | 'away' | 'gone';
  /** The newest that is known; it stays when the machine goes. */
  readonly view?: MachineView;
  readonly live?: MachineLive;
  readonly chart?: Chart;
  /** Why there is no chart. */
  readonly chartError?: InterMachineError;
  readonly liveError?: InterMachineError;
  /** Renders nothing; reads what the machine does while it is mounted. */
  readonly watcher: ReactNode;
}

/** All that is known of one machine, and stays known while it is away. */
export function useMachine(address: string): SeenMachine {
  const { machines } = useNetwork();
  const now = machines?.get(address as Address);
  const view = useLatest(now);
  const isHere = now?.reachable === true && now.running;

  const input = useMemo(() => ({ address }), [address]);
  const { value, error: chartError, reload } = useCall('chart', input);
  const chart = useSame(useLatest(value));
  const lacksChart = chart === undefined && chartError !== undefined && chartError.code !== 'NOT_A_MACHINE';
  useEffect(() => {
    // Its node was away when it was asked: it can tell now.
    if (isHere && lacksChart) reload();
  }, [isHere, lacksChart, reload]);

  const [live, setLive] = useState<MachineLive>();
  const definition = live?.definition;
  useEffect(() => {
    // Its author put another structure in its place.
    if (definition !== undefined && definition > 1) reload();
  }, [definition, reload]);
  const [liveError, setLiveError] = useState<InterMachineError>();
  return {
    presence: !machines ? 'loading' : now ? presenceOf(now) : view ? 'gone' : 'unknown',
    ...(view && { view }),
    ...(live && { live }),
    ...(chart && { chart }),
    ...(chartError && { chartError }),
    ...(liveError && { liveError }),
    // A stream that ended while the machine was away, or stood still, starts anew when it is back.
    watcher: now && (
      <Watcher key={`${isHere} ${now.healthy}`} address={address} onLive={setLive} onError={setLiveError} />
    ),
  };
}

const presenceOf = ({ reachable, running }: MachineView) => (!reachable ? 'away' : running ? 'here' : 'resting');

interface WatcherProps {
  readonly address: string;
  readonly onLive: (live: MachineLive) => void;
  readonly onError: (error: InterMachineError | undefined) => void;
}

function Watcher({ address, onLive, onError }: WatcherProps) {
  useItems(
    'watch',
    { address },
    {
      started: () => onError(undefined),
      item: onLive,
      failed: onError,
    },
  );
  return null;
}

export function useLatest<Value>(value: Value | undefined): Value | undefined {
  const latest = useRef(value);
  if (value !== undefined) latest.current = value;
  return latest.current;
}

/** The object from before where the new one says the same: a chart that comes again after a reconnect is not laid out again. */
function useSame<Value>(value: Value | undefined): Value | undefined {
  const known = useRef<{ readonly text: string; readonly value: Value | undefined }>({ text: '', value: undefined });
  return useMemo(() => {
    const text = JSON.stringify(value) ?? '';
    if (text !== known.current.text) known.current = { text, value };
    return known.current.value;
  }, [value]);
}
