import { useEffect, useMemo, useRef, useState } from 'react';
import type { MachineView } from '../../../../shared/api.ts';
import type { Address, NodeId } from '../../../../shared/ids.ts';
import { useNetwork } from '../../network.tsx';
import { useCall, useItems } from '../../node-link.tsx';
import { useNow } from '../../parts/hooks.ts';
import { Skeleton } from '../../parts/notice.tsx';
import { Text } from '../../parts/text.tsx';
import { typeColour } from '../../parts/type-colour.ts';
import { isRunning, Stranger } from '../trust/strangers.tsx';
import { Peers } from './peers.tsx';
import type { Pulses } from './pulses.ts';
import { RightNow } from './right-now.tsx';
import { ThisNode } from './this-node.tsx';
import { Topology } from './topology.tsx';
import { Traffic } from './traffic.ts';
import { type Wait, waitOf } from './waits.ts';

const NOTHING = {};
/** Enough to know what each machine of a small network sent last. */
const SEED = { limit: 500 };
const NONE: readonly never[] = [];
const NO_MACHINES: ReadonlyMap<Address, MachineView> = new Map();

/** The network at a glance. */
export function OverviewPage() {
  const { node, peers = NONE, machines = NO_MACHINES, trust } = useNetwork();
  const [traffic] = useState(() => new Traffic());
  const pulses = useRef<Pulses>(undefined);
  useItems('log', NOTHING, {
    item(item) {
      const passings = traffic.read(item, Date.now());
      pulses.current?.show(passings);
    },
  });
  // After the stream is open, so that nothing falls between the two.
  const seed = useCall('messages', SEED);
  useEffect(() => {
    if (seed.value) traffic.seed(seed.value);
  }, [traffic, seed.value]);

  // What streams by is summed up in `traffic`; the numbers are drawn at a pace that can be read.
  const now = useNow(500);
  const waits = useMemo(() => waitsOf(machines, traffic, now), [machines, traffic, now]);
  const machinesOn = useMemo(() => {
    const numbers = new Map<NodeId, number>();
    for (const machine of machines.values()) numbers.set(machine.node, (numbers.get(machine.node) ?? 0) + 1);
    return numbers;
  }, [machines]);

  if (!node)
    return (
      <div className="page">
        <div className="card this-node-loading">
          <Skeleton rows={2} height={40} />
        </div>
        <div className="overview-middle">
          <div className="card" />
          <div className="card">
            <Skeleton rows={6} />
          </div>
        </div>
        <div className="card">
          <Skeleton rows={3} />
        </div>
      </div>
    );
  return (
    <div className="page overview">
      <ThisNode
        node={node}
        keyId={trust ? trust.keyId : node.networkKeyId}
        peers={peers.filter(({ state }) => state === 'alive').length}
        known={peers.length}
        machines={machines.size}
        waiting={peers.reduce((sum, { waiting }) => sum + waiting, 0)}
        rates={traffic.rates(now)}
      />
      <div className="overview-middle">
        <section className="card topology-card" aria-label="Topology">
          <div className="card-head">
            <h2>Network</h2>
            <Legend machines={machines} />
          </div>
          <Topology node={node} peers={peers} machines={machines} waits={[...waits.values()]} pulses={pulses} />
        </section>
        <RightNow machines={machines} waits={waits} />
      </div>
      {trust && !trust.open && trust.strangers.length > 0 && !isRunning(trust.pairing?.stage) && (
        <section className="card" aria-labelledby="found-title">
          <div className="card-head">
            <h2 id="found-title">Found, not trusted</h2>
            <a className="push" href="#/trust">
              Who may come in
            </a>
          </div>
          <ul className="node-rows">
            {trust.strangers.slice(0, MOST_STRANGERS).map((stranger) => (
              <Stranger key={stranger.id} stranger={stranger} />
            ))}
          </ul>
        </section>
      )}
      <Peers peers={peers.filter(({ state }) => state !== 'untrusted')} machinesOn={machinesOn} />
    </div>
  );
}

/** That the overview has room for; the page about trust has all. */
const MOST_STRANGERS = 3;

function waitsOf(
  machines: ReadonlyMap<Address, MachineView>,
  traffic: Traffic,
  now: number,
): ReadonlyMap<Address, Wait> {
  const waits = new Map<Address, Wait>();
  for (const machine of machines.values()) {
    const wait = waitOf(machine, machines, traffic.newestFrom(machine.address), now);
    if (wait) waits.set(machine.address, wait);
  }
  return waits;
}

/** Types that the legend has room for. */
const MOST_TYPES = 8;

function Legend({ machines }: { readonly machines: ReadonlyMap<Address, MachineView> }) {
  const types = [...new Set([...machines.values()].map(({ type }) => type))].toSorted();
  return (
    <span className="legend push">
      {types.slice(0, MOST_TYPES).map((type) => (
        <span key={type} className="named">
          <span className="type-dot" style={{ background: typeColour(type) }} />
          <Text length={20}>{type}</Text>
        </span>
      ))}
      {types.length > MOST_TYPES && <span className="muted">+{types.length - MOST_TYPES}</span>}
    </span>
  );
}
