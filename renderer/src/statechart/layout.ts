import type { ElkExtendedEdge, ElkNode, ElkPoint, LayoutOptions } from 'elkjs/lib/elk-api.js';
import type { Chart, ChartState, ChartTransition } from '../../../shared/api.ts';
import {
  allStates,
  type Box,
  type Direction,
  type Drawing,
  type Face,
  type Point,
  type Route,
  type Start,
} from './drawing.ts';
import { BOX_PADDING, faceOf, faceSize, HISTORY_SIZE, labelOf, labelSize } from './face.ts';
import { backwards } from './flow.ts';
import type { Metrics } from './measure.ts';

// Chart → graph for ELK → drawing. ELK's graph carries sizes only: no text of a peer leaves the page's own code.

/** States. Beyond this a drawing is a wall of boxes, and its layout takes minutes: the outline serves better. */
export const MAX_DRAWN_STATES = 600;

const DOT_SIZE = 10;

const LAYOUT: LayoutOptions = {
  'elk.algorithm': 'layered',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.spacing.nodeNodeBetweenLayers': '28',
  'elk.layered.spacing.edgeNodeBetweenLayers': '20',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '12',
  'elk.spacing.nodeNode': '24',
  'elk.spacing.edgeNode': '16',
  'elk.spacing.edgeEdge': '12',
  'elk.spacing.edgeLabel': '4',
  'elk.spacing.nodeSelfLoop': '14',
};

export interface Plan {
  readonly graph: ElkNode;
  read(laidOut: ElkNode): Drawing;
}

export function planOf(chart: Chart, metrics: Metrics, direction: Direction): Plan {
  const states = new Map(allStates(chart.root).map((state, index) => [state.id, { state, node: `s${index}` }]));
  const crossing = chart.transitions.filter(
    ({ source, target }) => states.has(source) && target !== undefined && states.has(target),
  );
  const innerOf = Map.groupBy(
    chart.transitions.filter(({ target }) => target === undefined),
    ({ source }) => source,
  );
  const faces = new Map<string, Face>();

  const nodeOf = (state: ChartState): ElkNode => {
    const id = states.get(state.id)?.node ?? '';
    const face = faceOf(state, innerOf.get(state.id) ?? []);
    faces.set(state.id, face);
    if (state.type === 'history') return { id, width: HISTORY_SIZE, height: HISTORY_SIZE };
    const { width, height } = faceSize(face, metrics);
    if (state.children.length === 0) return { id, width, height };
    const dot: ElkNode = {
      id: `${id}.`,
      width: DOT_SIZE,
      height: DOT_SIZE,
      layoutOptions: { 'elk.layered.layering.layerConstraint': 'FIRST' },
    };
    return {
      id,
      children: [...(hasStart(state) ? [dot] : []), ...state.children.map(nodeOf)],
      layoutOptions: {
        // ELK hands most options down to nobody.
        ...LAYOUT,
        'elk.direction': direction,
        'elk.padding': `[top=${height + BOX_PADDING},left=${BOX_PADDING + 4},bottom=${BOX_PADDING + 4},right=${BOX_PADDING + 4}]`,
        'elk.nodeSize.constraints': 'MINIMUM_SIZE',
        'elk.nodeSize.minimum': `(${width},${height})`,
      },
    };
  };
  const hasStart = ({ initial, children }: ChartState) => children.some(({ id }) => id === initial);
  const back = backwards(chart.root, crossing);
  const endsOf = (transition: ChartTransition) => {
    const from = [nodeIdOf(transition.source)];
    const to = [nodeIdOf(transition.target ?? '')];
    return back.has(transition) ? { sources: to, targets: from } : { sources: from, targets: to };
  };
  const nodeIdOf = (state: string) => states.get(state)?.node ?? '';

  const root = nodeOf(chart.root);
  const starts = allStates(chart.root).filter(hasStart);
  const labels = crossing.map(labelOf);
  const graph: ElkNode = {
    id: 'chart',
    children: [root],
    edges: [
      ...starts.map(
        (state, index): ElkExtendedEdge => ({
          id: `i${index}`,
          sources: [`${nodeIdOf(state.id)}.`],
          targets: [nodeIdOf(state.initial ?? '')],
          layoutOptions: { 'elk.layered.priority.straightness': '10', 'elk.layered.priority.shortness': '10' },
        }),
      ),
      ...crossing.map(
        (transition, index): ElkExtendedEdge => ({
          id: `t${index}`,
          ...endsOf(transition),
          labels: [
            {
              id: `l${index}`,
              // ELK leaves a label without text alone; what it says does not matter.
              text: 'x',
              ...labelSize(labels[index] ?? { event: '', actions: [] }, metrics),
              layoutOptions: { 'elk.edgeLabels.inline': transition.source === transition.target ? 'false' : 'true' },
            },
          ],
        }),
      ),
    ],
    layoutOptions: { ...LAYOUT, 'elk.direction': direction },
  };

  return {
    graph,
    read(laidOut) {
      const nodes = new Map(allNodes(laidOut).map((node) => [node.id, node]));
      const edges = new Map(laidOut.edges?.map((edge) => [edge.id, edge]));
      const boxes: Box[] = [];
      const note = (state: ChartState, isRegion: boolean) => {
        const { x = 0, y = 0, width = 0, height = 0 } = nodes.get(nodeIdOf(state.id)) ?? {};
        const face = faces.get(state.id) ?? { title: '', tags: [], rows: [] };
        boxes.push({ state, face, isRegion, x, y, width, height });
        for (const child of state.children) note(child, state.type === 'parallel');
      };
      note(chart.root, false);
      return {
        width: laidOut.width ?? 0,
        height: laidOut.height ?? 0,
        boxes,
        routes: crossing.flatMap((transition, index) =>
          routeOf(transition, edges.get(`t${index}`), back.has(transition)),
        ),
        starts: starts.map((state, index): Start => {
          const { x = 0, y = 0 } = nodes.get(`${nodeIdOf(state.id)}.`) ?? {};
          return {
            dot: { x: x + DOT_SIZE / 2, y: y + DOT_SIZE / 2 },
            points: pointsOf(edges.get(`i${index}`)),
          };
        }),
      };
    },
  };
}

const allNodes = (node: ElkNode): ElkNode[] => [node, ...(node.children ?? []).flatMap(allNodes)];

function routeOf(transition: ChartTransition, edge: ElkExtendedEdge | undefined, isBack: boolean): Route[] {
  const points = isBack ? pointsOf(edge).toReversed() : pointsOf(edge);
  if (points.length < 2) return [];
  const { x = 0, y = 0, width = 0, height = 0 } = edge?.labels?.[0] ?? {};
  return [{ transition, points, label: labelOf(transition), labelArea: { x, y, width, height } }];
}

function pointsOf(edge: ElkExtendedEdge | undefined): readonly Point[] {
  const points: ElkPoint[] = [];
  for (const { startPoint, bendPoints, endPoint } of edge?.sections ?? [])
    points.push(startPoint, ...(bendPoints ?? []), endPoint);
  return points;
}
