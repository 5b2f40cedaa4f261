import { memo, type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { MachineView, NodeView, PeerView } from '../../../../shared/api.ts';
import type { Address } from '../../../../shared/ids.ts';
import { plural, roundTrip } from '../../parts/format.ts';
import { plain } from '../../parts/text.tsx';
import { typeColour } from '../../parts/type-colour.ts';
import { machineHref } from '../../router.ts';
import { Pulses } from './pulses.ts';
import { type Dot, type Layout, layOut, type Placed, ROOMY, type TopologyNode } from './topology-layout.ts';
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

const Ways = memo(({ layout }: { readonly layout: Layout }) => {
  const self = layout.nodes.find(({ node }) => node.state === 'self');
  return layout.nodes.map(({ node, x, y }) =>
    node.state === 'self' || node.state === 'untrusted' || !self ? null : (
      <line key={node.id} className={`way ${node.state}`} x1={self.x} y1={self.y} x2={x} y2={y} />
    ),
  );
});

/** Bent, so that it does not lie upon the way that envelopes take. */
function WaitLines({ layout, waits }: { readonly layout: Layout; readonly waits: readonly Wait[] }) {
  return waits.map(({ machine, target }) => {
    const from = layout.places.get(machine.address);
    const to = target && layout.places.get(target.address);
    return from && to ? <path key={machine.address} className="wait-line" d={bent(from, to)} /> : null;
  });
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Pixels that the line's head stays away from the middle of the dot. */
const CLEARANCE = 11;

function bent(from: Point, to: Point): string {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const bend = Math.min(46, length * 0.22);
  const middle = { x: (from.x + to.x) / 2 - (dy / length) * bend, y: (from.y + to.y) / 2 + (dx / length) * bend };
  const away = Math.hypot(to.x - middle.x, to.y - middle.y) || 1;
  const end = {
    x: to.x - ((to.x - middle.x) / away) * CLEARANCE,
    y: to.y - ((to.y - middle.y) / away) * CLEARANCE,
  };
  return `M${from.x} ${from.y} Q${middle.x} ${middle.y} ${end.x} ${end.y}`;
}

interface NodeMarkProps {
  readonly labelled: boolean;
  readonly alone: boolean;
  readonly placed: Placed;
  readonly peer: PeerView | undefined;
  readonly name: string;
}

function NodeMark({ placed, peer, name, labelled, alone }: NodeMarkProps) {
  const { node, x, y, radius, outer, more } = placed;
  const below = [
    peer?.roundTripMs !== undefined && node.state === 'alive' && roundTrip(peer.roundTripMs),
    node.state === 'self' && (alone ? 'looking for other nodes' : 'this node'),
    node.state !== 'self' && node.state !== 'alive' && node.state,
    peer && peer.waiting > 0 && `${peer.waiting} waiting`,
    more > 0 && `${more} more machines`,
  ].filter((part) => part !== false && part !== undefined);
  const labelY = y + (labelled ? radius + 17 : outer + 12);
  return (
    <g className={`node ${node.state}`}>
      <title>{plain(name, 200)}</title>
      <circle className="node-disc" cx={x} cy={y} r={radius} />
      <path className="node-glyph" transform={`translate(${x - 9} ${y - 9}) scale(.75)`} d={GLYPHS[node.state]} />
      <text className="node-name" x={x} y={labelY}>
        {plain(name, 24) || '(no name)'}
      </text>
      <text className="node-below" x={x} y={labelY + 15}>
        {below.join(' · ')}
      </text>
    </g>
  );
}

/** Shows that a node on its own is not idle. */
const Radar = ({ layout: { nodes } }: { readonly layout: Layout }) =>
  nodes.map(({ node: { id }, x, y }) =>
    [0, 1, 2].map((wave) => (
      <circle key={`${id} ${wave}`} className="radar" cx={x} cy={y} r={130} style={{ animationDelay: `${wave}s` }} />
    )),
  );

const BOX = 'M4 5h16v10H4zM9 19h6M12 15v4';
const GLYPHS: Readonly<Record<TopologyNode['state'], string>> = {
  self: BOX,
  alive: BOX,
  suspect: 'M12 5v9M12 18v.5',
  offline: 'M6 6l12 12M18 6L6 18',
  untrusted: 'M12 3l8 3v6c0 4.500-3.200 7.600-8 9-4.800-1.400-8-4.500-8-9V6zM9.500 9.500l5 5M14.500 9.500l-5 5',
};

const Dots = memo(({ dots }: { readonly dots: readonly Dot[] }) =>
  dots.map(({ machine, x, y }) => (
    // biome-ignore lint/a11y/noStaticElementInteractions: the picture is an image; the keyboard reaches the same machines in the lists
    <circle
      key={machine.address}
      className="dot"
      cx={x}
      cy={y}
      r={4.5}
      style={{ fill: typeColour(machine.type) }}
      onClick={() => {
        location.hash = machineHref(machine.address);
      }}
    >
      <title>{`${plain(machine.id, 60)} (${plain(machine.type, 60)})`}</title>
    </circle>
  )),
);

interface DotLabelProps {
  readonly dot: Dot;
  readonly machine: MachineView;
  readonly withState: boolean;
}

function DotLabel({ dot: { x, y, side }, machine, withState }: DotLabelProps) {
  const anchor = side === 'left' ? 'end' : side === 'right' ? 'start' : 'middle';
  const [dx, dy] = side === 'top' ? [0, withState ? -23 : -10] : [side === 'left' ? -10 : 10, withState ? -2 : 4];
  return (
    <g className={`dot-label ${machine.reachable ? '' : 'unreachable'}`} textAnchor={anchor}>
      <text x={x + dx} y={y + dy}>
        {plain(machine.id, 18)}
      </text>
      <text className="dot-state" x={x + dx} y={y + dy + 13}>
        {withState && plain(machine.state ?? '', 22)}
      </text>
    </g>
  );
}
