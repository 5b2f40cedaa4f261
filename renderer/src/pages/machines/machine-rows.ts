import type { MachineView } from '../../../../shared/api.ts';

export interface MachinesFilter {
  readonly text: string;
  /** Empty: all. So with the others. */
  readonly type: string;
  readonly node: string;
  readonly state: string;
}

export type SortKey = 'id' | 'type' | 'node' | 'state' | 'status' | 'version';

export interface Sort {
  readonly key: SortKey;
  readonly descending: boolean;
}

export type MachineRow =
  | { readonly kind: 'machine'; readonly machine: MachineView }
  | { readonly kind: 'type'; readonly type: string; readonly count: number; readonly nodes: number };

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
/** Of hostile lengths only the beginning decides. */
const compare = (a: string, b: string) => collator.compare(a.slice(0, 200), b.slice(0, 200));

/** Some active leaf of it, or the whole text. */
export const isInState = ({ state = '' }: MachineView, wanted: string): boolean =>
  state === wanted || state.split(', ').includes(wanted);

export function matches(machine: MachineView, { text, type, node, state }: MachinesFilter): boolean {
  if (type !== '' && machine.type !== type) return false;
  if (node !== '' && machine.node !== node) return false;
  if (state !== '' && !isInState(machine, state)) return false;
  if (text === '') return true;
  const wanted = text.toLowerCase();
  return [machine.id, machine.type, machine.nodeName, machine.state ?? '', machine.version, machine.status ?? ''].some(
    (part) => part.toLowerCase().includes(wanted),
  );
}

/** Equal ones stay in the order of their ids and nodes, so that no row jumps about while others change. */
export function sorted(machines: readonly MachineView[], { key, descending }: Sort): readonly MachineView[] {
  const value = (machine: MachineView) =>
    key === 'node' ? machine.nodeName : (machine[key as Exclude<SortKey, 'node'>] ?? '');
  const sign = descending ? -1 : 1;
  return machines.toSorted(
    (a, b) => sign * compare(value(a), value(b)) || compare(a.id, b.id) || compare(a.address, b.address),
  );
}

/** A headline for each type, with its machines in the order they have. */
export function grouped(machines: readonly MachineView[]): readonly MachineRow[] {
  const byType = Map.groupBy(machines, ({ type }) => type);
  return [...byType.keys()].toSorted(compare).flatMap((type): MachineRow[] => {
    const all = byType.get(type) ?? [];
    const nodes = new Set(all.map(({ node }) => node)).size;
    return [{ kind: 'type', type, count: all.length, nodes }, ...ungrouped(all)];
  });
}

const ROWS = new WeakMap<MachineView, MachineRow>();

/** The same machine gives the same row, so that only those that changed are drawn again. */
export const ungrouped = (machines: readonly MachineView[]): MachineRow[] =>
  machines.map((machine) => {
    const row: MachineRow = ROWS.get(machine) ?? { kind: 'machine', machine };
    ROWS.set(machine, row);
    return row;
  });

/** What the filters offer. */
export function choicesOf(machines: readonly MachineView[]) {
  const types = new Set<string>();
  const nodes = new Map<string, string>();
  const states = new Set<string>();
  for (const { type, node, nodeName, state } of machines) {
    types.add(type);
    nodes.set(node, nodeName);
    for (const leaf of state?.split(', ') ?? []) if (leaf !== '') states.add(leaf);
  }
  return {
    types: [...types].toSorted(compare),
    nodes: [...nodes].toSorted(([, a], [, b]) => compare(a, b)),
    states: [...states].toSorted(compare),
  };
}
