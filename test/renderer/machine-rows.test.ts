import { describe, expect, test } from 'vitest';
import { choicesOf, grouped, matches, sorted, ungrouped } from '../../renderer/src/pages/machines/machine-rows.ts';
import type { MachineView } from '../../shared/api.ts';

const machine = (id: string, more: Partial<MachineView> = {}) =>
  ({
    address: `im://n/${id}`,
    id,
    type: 'Robot',
    node: 'n',
    nodeName: 'hall',
    version: '1.0.0',
    state: 'idle',
    ...more,
  }) as MachineView;
const ALL = { text: '', type: '', node: '', state: '' };
const ids = (machines: readonly MachineView[]) => machines.map(({ id }) => id);

describe('rows of machines', () => {
  test('numbers in ids sort as numbers, both ways', () => {
    const machines = [machine('R_10'), machine('R_2'), machine('R_1')];
    expect(ids(sorted(machines, { key: 'id', descending: false }))).toEqual(['R_1', 'R_2', 'R_10']);
    expect(ids(sorted(machines, { key: 'id', descending: true }))).toEqual(['R_10', 'R_2', 'R_1']);
  });

  test('equal ones keep the order of their ids', () => {
    const machines = [machine('b'), machine('c', { state: 'a' }), machine('a')];
    expect(ids(sorted(machines, { key: 'state', descending: false }))).toEqual(['c', 'a', 'b']);
  });

  test('a state is matched by one of its leaves, not by a part of its name', () => {
    const busy = machine('x', { state: 'work.running, door.open' });
    expect(matches(busy, { ...ALL, state: 'door.open' })).toBe(true);
    expect(matches(busy, { ...ALL, state: 'open' })).toBe(false);
    expect(matches(machine('y', { state: undefined as never }), { ...ALL, state: 'idle' })).toBe(false);
  });

  test('all conditions hold at once, text in upper and lower case', () => {
    expect(matches(machine('Robot_7'), { ...ALL, text: 'ROBOT_7', type: 'Robot' })).toBe(true);
    expect(matches(machine('Robot_7'), { ...ALL, text: 'robot', node: 'elsewhere' })).toBe(false);
  });

  test('each type has its headline, and no machine is lost', () => {
    const rows = grouped([machine('p', { type: 'Press' }), machine('r1'), machine('r2', { node: 'm' as never })]);
    expect(rows.map((row) => (row.kind === 'type' ? `${row.type} ${row.count} ${row.nodes}` : row.machine.id))).toEqual(
      ['Press 1 1', 'p', 'Robot 2 2', 'r1', 'r2'],
    );
  });

  test('the same machine is the same row, so that it is not drawn again', () => {
    const machines = [machine('a')];
    expect(ungrouped(machines)[0]).toBe(ungrouped(machines)[0]);
  });

  test('the filters offer each type, node and leaf once', () => {
    const { types, nodes, states } = choicesOf([machine('a'), machine('b', { state: 'x, idle' })]);
    expect([types, nodes, states]).toEqual([['Robot'], [['n', 'hall']], ['idle', 'x']]);
  });
});
