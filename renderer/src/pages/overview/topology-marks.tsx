import { memo } from 'react';
import type { MachineView, PeerView } from '../../../../shared/api.ts';
import { roundTrip } from '../../parts/format.ts';
import { plain } from '../../parts/text.tsx';
import { typeColour } from '../../parts/type-colour.ts';
import { machineHref } from '../../router.ts';
import type { Dot, Layout, Placed, TopologyNode } from './topology-layout.ts';
import type { Wait } from './waits.ts';

// What the picture of the network is made of, from the back to the front.

export const Ways = memo(({ layout }: { readonly layout: Layout }) => {
  const self = layout.nodes.find(({ node }) => node.state === 'self');
  return layout.nodes.map(({ node, x, y }) =>
    node.state === 'self' || node.state === 'untrusted' || !self ? null : (
      <line key={node.id} className={`way ${node.state}`} x1={self.x} y1={self.y} x2={x} y2={y} />
    ),
  );
});

/** Bent, so that it does not lie upon the way that envelopes take. */
export function WaitLines({ layout, waits }: { readonly layout: Layout; readonly waits: readonly Wait[] }) {
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

export function NodeMark({ placed, peer, name, labelled, alone }: NodeMarkProps) {
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
export const Radar = ({ layout: { nodes } }: { readonly layout: Layout }) =>
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
  blocked: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M6 6l12 12',
  untrusted: 'M12 3l8 3v6c0 4.500-3.200 7.600-8 9-4.800-1.400-8-4.500-8-9V6zM9.500 9.500l5 5M14.500 9.500l-5 5',
};

export const Dots = memo(({ dots }: { readonly dots: readonly Dot[] }) =>
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

export function DotLabel({ dot: { x, y, side }, machine, withState }: DotLabelProps) {
  const anchor = side === 'left' ? 'end' : side === 'right' ? 'start' : 'middle';
  const [dx, dy] = side === 'top' ? [0, withState ? -23 : -10] : [side === 'left' ? -10 : 10, withState ? -2 : 4];
  return (
    <g className={`dot-label ${machine.reachable && machine.running ? '' : 'unreachable'}`} textAnchor={anchor}>
      <text x={x + dx} y={y + dy}>
        {plain(machine.id, 18)}
      </text>
      <text className="dot-state" x={x + dx} y={y + dy + 13}>
        {withState && plain(machine.state ?? '', 22)}
      </text>
    </g>
  );
}
