import { type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { MachineView, NodeView, PeerView } from '../../../../shared/api.ts';
import type { Address } from '../../../../shared/ids.ts';
import { plural } from '../../parts/format.ts';
import { plain } from '../../parts/text.tsx';
import { Pulses } from './pulses.ts';
import { layOut, type Placed, ROOMY, type TopologyNode } from './topology-layout.ts';
import { DotLabel, Dots, NodeMark, Radar, WaitLines, Ways } from './topology-marks.tsx';
import type { Wait } from './waits.ts';

interface TopologyProps {
  readonly node: NodeView;
  readonly peers: readonly PeerView[];
  readonly machines: ReadonlyMap<Address, MachineView>;
  readonly waits: readonly Wait[];
  /** Set while the picture is there: where sparks are shown. */
  readonly pulses: RefObject<Pulses | undefined>;
}

/** This node, its peers, their machines, and what passes between them. */
export function Topology({ node, peers, machines, waits, pulses }: TopologyProps) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useSize(frame);
  const nodes = useMemo(() => nodesOf(node, peers, machines), [node, peers, machines]);
  // Machines change their states all the time, which moves nothing.
  const shape = JSON.stringify([
    size,
    nodes.map(({ id, state, machines: of }) => [id, state, of.map(({ address, type }) => [address, type])]),
  ]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape is what the layout depends on
  const layout = useMemo(() => (size ? layOut(nodes, size.width, size.height) : undefined), [shape]);

  useEffect(() => {
    if (!canvas.current) return;
    const shown = new Pulses(canvas.current);
    pulses.current = shown;
    return () => {
      pulses.current = undefined;
      shown.stop();
    };
  }, [pulses]);
  useLayoutEffect(() => {
    if (layout) pulses.current?.resize(layout);
  });

  const current = useMemo(() => new Map(peers.map((peer) => [peer.id, peer])), [peers]);
  return (
    <div ref={frame} className="topology">
      {layout && (
        <svg width={layout.width} height={layout.height} role="img" aria-label={summaryOf(nodes)}>
          <defs>
            <marker
              id="wait-head"
              viewBox="0 0 8 8"
              refX="5"
              refY="4"
              markerWidth="8"
              markerHeight="8"
              markerUnits="userSpaceOnUse"
              orient="auto"
            >
              <path d="M0 0L8 4L0 8z" />
            </marker>
          </defs>
          {nodes.length === 1 && <Radar layout={layout} />}
          <Ways layout={layout} />
          {layout.labelled && <WaitLines layout={layout} waits={waits} />}
          {layout.nodes.map((placed) => (
            <NodeMark
              labelled={layout.labelled}
              alone={nodes.length === 1}
              key={placed.node.id}
              placed={placed}
              peer={current.get(placed.node.id)}
              name={nameOf(nodes, placed)}
            />
          ))}
          {layout.nodes.map(({ node: { id }, dots }) => (
            <Dots key={id} dots={dots} />
          ))}
          {layout.labelled &&
            layout.nodes.flatMap(({ dots }) =>
              dots.map((dot) => (
                <DotLabel
                  key={dot.machine.address}
                  dot={dot}
                  machine={machines.get(dot.machine.address) ?? dot.machine}
                  withState={layout.width > ROOMY}
                />
              )),
            )}
        </svg>
      )}
      <canvas ref={canvas} />
    </div>
  );
}

function useSize(element: RefObject<HTMLElement | null>) {
  const [size, setSize] = useState<{ readonly width: number; readonly height: number }>();
  useLayoutEffect(() => {
    if (!element.current) return;
    const watcher = new ResizeObserver(([entry]) => {
      if (!entry) return;
      const { width, height } = entry.contentRect;
      setSize({ width: Math.round(width), height: Math.round(height) });
    });
    watcher.observe(element.current);
    return () => watcher.disconnect();
  }, [element]);
  return size;
}

function nodesOf(
  node: NodeView,
  peers: readonly PeerView[],
  machines: ReadonlyMap<Address, MachineView>,
): readonly TopologyNode[] {
  const byNode = Map.groupBy(machines.values(), (machine) => machine.node);
  const of = (id: NodeView['id']) =>
    (byNode.get(id) ?? []).toSorted((a, b) => (a.type + a.id < b.type + b.id ? -1 : 1));
  return [
    { id: node.id, name: node.name, state: 'self', machines: of(node.id) },
    ...peers.map(({ id, name, state }): TopologyNode => ({ id, name, state, machines: of(id) })),
  ];
}

const nameOf = (nodes: readonly TopologyNode[], { node }: Placed) =>
  nodes.find(({ id }) => id === node.id)?.name ?? node.name;

function summaryOf(nodes: readonly TopologyNode[]): string {
  const [self, ...peers] = nodes.map(
    ({ name, state, machines }) => `${plain(name, 40)} (${state}, ${plural(machines.length, 'machine')})`,
  );
  return `This node ${self ?? ''}; peers: ${peers.slice(0, 20).join(', ') || 'none'}`;
}
