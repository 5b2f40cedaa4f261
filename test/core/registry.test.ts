import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Registry } from '../../main/core/registry.ts';
import { addressOf, machineId, type NodeId } from '../../shared/ids.ts';
import { idOf } from '../support/world.ts';

const self = idOf('a');
const machine = (id: string, type: string) => ({
  id: machineId(id),
  type,
  version: '1.0.0',
  metadata: {},
  healthy: true,
  running: true,
});

function registryWith(...machines: readonly (readonly [NodeId, string, string])[]) {
  const away = new Set<NodeId>();
  const registry = new Registry(self, (node) => !away.has(node));
  for (const [node, id, type] of machines) registry.add(node, machine(id, type));
  return { registry, away };
}

test('a bare id means the local machine first', () => {
  const { registry } = registryWith([idOf('b'), 'X', 'T'], [self, 'X', 'T'], [idOf('c'), 'X', 'T']);
  expect(registry.resolve('X')).toMatchObject({ node: self, local: true });
});

test('else the only remote one', () => {
  const { registry } = registryWith([idOf('b'), 'X', 'T']);
  expect(registry.resolve('X')).toMatchObject({ node: idOf('b'), local: false });
});

test('else it is ambiguous, and the message shows an address to use', () => {
  const { registry } = registryWith([idOf('b'), 'X', 'T'], [idOf('c'), 'X', 'T']);
  expect(() => registry.resolve('X')).toThrow(
    expect.objectContaining({
      code: 'MACHINE_AMBIGUOUS',
      message: expect.stringContaining(addressOf(idOf('b'), machineId('X'))),
    }),
  );
  expect(registry.resolve(addressOf(idOf('c'), machineId('X')))).toMatchObject({ node: idOf('c') });
});

test.each(['nobody', '', 'two words', addressOf(idOf('q'), machineId('X'))])('"%s" is unknown', (target) => {
  const { registry } = registryWith([self, 'X', 'T']);
  expect(() => registry.resolve(target)).toThrow(expect.objectContaining({ code: 'MACHINE_UNKNOWN' }));
});

test('an address that is unknown is named to its end: the longest, too', () => {
  const { registry } = registryWith([self, 'X', 'T']);
  const address = addressOf(idOf('q'), machineId('m'.repeat(50)));
  expect(() => registry.resolve(address)).toThrow(`No machine "${address}" is known here`);
});

test('machines of a node that is away are known and not reachable', () => {
  const { registry, away } = registryWith([idOf('b'), 'X', 'T'], [self, 'Y', 'T']);
  away.add(idOf('b'));
  expect(registry.ofType('T').map(({ id, reachable }) => [id, reachable])).toEqual([
    ['X', false],
    ['Y', true],
  ]);
});

test('it finds the same as a search through a plain list, whatever was added and removed', () => {
  const nodes = [self, idOf('b'), idOf('c')];
  const step = fc.record({
    add: fc.boolean(),
    node: fc.constantFrom(...nodes),
    id: fc.constantFrom('X', 'Y', 'Z'),
    type: fc.constantFrom('S', 'T'),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const { registry } = registryWith();
      const list = new Map<string, { node: NodeId; id: string; type: string }>();
      for (const { add, node, id, type } of steps) {
        const key = `${node}/${id}`;
        if (add) {
          registry.add(node, machine(id, type));
          list.set(key, { node, id, type });
        } else expect(registry.remove(node, machineId(id))).toBe(list.delete(key));
      }
      const inOrder = (machines: readonly { node: NodeId; id: string }[]) =>
        machines.map(({ node, id }) => `${node}/${id}`).sort();
      for (const type of ['S', 'T'])
        expect(inOrder(registry.ofType(type))).toEqual(
          inOrder([...list.values()].filter((each) => each.type === type)),
        );
      expect(inOrder(registry.all())).toEqual(inOrder([...list.values()]));
      expect([...registry.types()].sort()).toEqual([...new Set([...list.values()].map(({ type }) => type))].sort());
    }),
  );
});
