import { forceCollide, forceManyBody, forceSimulation, forceX, forceY } from 'd3-force';
import type { MachineView, PeerState } from '../../../../shared/api.ts';
import type { Address, NodeId } from '../../../../shared/ids.ts';

export interface TopologyNode {
  readonly id: NodeId;
  readonly name: string;
  readonly state: PeerState | 'self';
  readonly machines: readonly MachineView[];
}

export interface Dot {
  readonly machine: MachineView;
  readonly x: number;
  readonly y: number;
  readonly side: 'left' | 'right' | 'top';
}

export interface Placed {
  readonly node: TopologyNode;
  readonly x: number;
  readonly y: number;
  /** Of the circle; the dots are around it. */
  readonly radius: number;
  /** Of the whole, dots included. */
  readonly outer: number;
  readonly dots: readonly Dot[];
  /** Machines for which there is no room. */
  readonly more: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly Placed[];
  readonly places: ReadonlyMap<Address | NodeId, { readonly x: number; readonly y: number }>;
  /** Few enough machines to write their names beside them. */
  readonly labelled: boolean;
}

/** Machines that are drawn around one node. */
const MOST_DOTS = 160;
/** Machines of one node whose names have room around it. */
const MOST_LABELS = 5;
/** Nodes between which labels have room. */
const MOST_LABELLED = 7;
/** Pixels. Narrower than this, only the names of machines are written, not their states. */
export const ROOMY = 520;
/** Pixels that a state is given; a longer one may run over. */
const STATE_ROOM = 108;
/** Pixels. Between the centres of dots, in a window of middle size. */
const SPACING = 11;
const TICKS = 160;

interface Body {
  readonly id: NodeId;
  readonly homeX: number;
  readonly homeY: number;
  /** All around it. */
  readonly room: number;
  /** To the edges at its left and right. */
  readonly side: number;
  readonly outer: number;
  x: number;
  y: number;
  fx?: number;
  fy?: number;
}

/** This node in the middle, its peers around it; forces keep them apart. The same input gives the same picture. */
export function layOut(nodes: readonly TopologyNode[], width: number, height: number): Layout {
  const labelled = nodes.every(({ machines }) => machines.length <= MOST_LABELS) && nodes.length <= MOST_LABELLED;
  const scale = Math.min(1.15, Math.max(0.62, Math.min(width / 760, height / 420)));
  const sizes = nodes.map(({ state, machines }) => sizeOf(machines.length, state === 'self', labelled, scale));
  const rooms = nodes.map(({ machines }, index) => sideRoom(machines, sizes[index]?.outer ?? 0, labelled, width));
  const padX = labelled ? Math.min(110, width * 0.2) : 56;
  const [padTop, padBottom] = [44, 62];
  const middle = { x: width / 2, y: (height + padTop - padBottom) / 2 };
  const bodies = nodes.map((node, index): Body => {
    // From the upper right on, so that with one or two peers the picture is wide, not high.
    const angle = ((index - 1) / Math.max(1, nodes.length - 1)) * 2 * Math.PI - (nodes.length > 3 ? 0.7 : 0);
    const isSelf = node.state === 'self';
    // Rather a rounded rectangle than an ellipse: the corners of the window are used.
    const stretch = 1 / (Math.cos(angle) ** 4 + Math.sin(angle) ** 4) ** 0.25;
    const homeX = middle.x + (isSelf ? 0 : stretch * Math.cos(angle) * Math.max(0, width / 2 - padX));
    const homeY = middle.y + (isSelf ? 0 : stretch * Math.sin(angle) * Math.max(0, (height - padTop - padBottom) / 2));
    const outer = sizes[index]?.outer ?? 0;
    const room = outer + 20 * scale;
    return {
      id: node.id,
      homeX,
      homeY,
      room,
      side: rooms[index] ?? outer,
      outer,
      x: homeX,
      y: homeY,
      ...(isSelf && { fx: homeX, fy: homeY }),
    };
  });
  const simulation = forceSimulation(bodies)
    .force('apart', forceCollide<Body>(({ room }) => room).iterations(2))
    .force('push', forceManyBody().strength(-40 * scale))
    .force('x', forceX<Body>(({ homeX }) => homeX).strength(0.25))
    .force('y', forceY<Body>(({ homeY }) => homeY).strength(0.25))
    .stop();
  for (let tick = 0; tick < TICKS; tick++) {
    simulation.tick();
    for (const body of bodies) {
      body.x = within(body.x, body.side, width - body.side);
      body.y = within(body.y, Math.max(padTop, body.outer + 8), height - Math.max(padBottom, body.outer + 42));
    }
  }
  const places = new Map<Address | NodeId, { x: number; y: number }>();
  const placed = nodes.map((node, index): Placed => {
    const { x, y } = bodies[index] ?? middle;
    const { radius, outer } = sizes[index] ?? { radius: 0, outer: 0 };
    const dots = dotsOf(node.machines, x, y, radius, labelled, scale);
    places.set(node.id, { x, y });
    for (const dot of dots) places.set(dot.machine.address, { x: dot.x, y: dot.y });
    for (const { address } of node.machines.slice(dots.length)) places.set(address, { x, y });
    return { node, x, y, radius, outer, dots, more: node.machines.length - dots.length };
  });
  return { width, height, nodes: placed, places, labelled };
}

function sizeOf(machines: number, isSelf: boolean, labelled: boolean, scale: number) {
  const radius = (isSelf ? 27 : 20) * scale;
  if (labelled) return { radius, outer: radius + (machines > 0 ? 26 : 4) * scale };
  let [left, ring] = [Math.min(machines, MOST_DOTS), 0];
  while (left > 0) left -= capacityOf(radius, ring++, scale);
  return { radius, outer: radius + (ring + 0.5) * SPACING * scale };
}

/** What the node and its labels need at each side. */
function sideRoom(machines: readonly MachineView[], outer: number, labelled: boolean, width: number): number {
  if (!labelled || machines.length < 2) return Math.max(outer + 8, 64);
  const name = Math.max(...machines.map(({ id }) => Math.min(18, id.length) * 7));
  return Math.min(width / 2, outer + 10 + (width > ROOMY ? Math.max(name, STATE_ROOM) : name));
}

const ringRadius = (radius: number, ring: number, scale: number) => radius + (ring + 1) * SPACING * scale;
const capacityOf = (radius: number, ring: number, scale: number) =>
  Math.floor((2 * Math.PI * ringRadius(radius, ring, scale)) / (SPACING * scale));

function dotsOf(
  machines: readonly MachineView[],
  x: number,
  y: number,
  radius: number,
  labelled: boolean,
  scale: number,
): readonly Dot[] {
  const dots: Dot[] = [];
  const add = (machine: MachineView, angle: number, distance: number) => {
    const cos = Math.cos(angle);
    const side = Math.abs(cos) < 0.3 ? 'top' : cos < 0 ? 'left' : 'right';
    dots.push({ machine, x: x + cos * distance, y: y + Math.sin(angle) * distance, side });
  };
  if (labelled) {
    // Over the upper part of the circle: the name of the node is below it.
    const spread = machines.length > 2 ? 1.3 : 0.9;
    for (const [index, machine] of machines.entries()) {
      const part = machines.length === 1 ? 0.5 : index / (machines.length - 1);
      add(machine, -Math.PI / 2 + (part - 0.5) * Math.PI * spread, radius + 24 * scale);
    }
    return dots;
  }
  const shown = machines.slice(0, MOST_DOTS);
  for (let ring = 0, from = 0; from < shown.length; ring++) {
    const capacity = capacityOf(radius, ring, scale);
    const some = shown.slice(from, from + capacity);
    for (const [index, machine] of some.entries())
      add(machine, (index / capacity) * 2 * Math.PI - Math.PI / 2 + ring * 0.4, ringRadius(radius, ring, scale));
    from += capacity;
  }
  return dots;
}

const within = (value: number, low: number, high: number) => Math.max(low, Math.min(Math.max(low, high), value));
