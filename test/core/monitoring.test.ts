import { beforeEach, expect, test } from 'vitest';
import { Monitoring } from '../../main/core/monitoring.ts';
import type { Demonitor, Down, Monitor } from '../../main/core/observation-frames.ts';
import type { MachineInfo } from '../../main/core/registry.ts';
import { addressOf, machineId, type NodeId } from '../../shared/ids.ts';
import { idOf } from '../support/world.ts';

const peer = idOf('b');
const id = machineId('M');
const machine: MachineInfo = {
  id,
  address: addressOf(peer, id),
  node: peer,
  type: 'M',
  version: '1.0.0',
  metadata: {},
  healthy: true,
  running: true,
  local: false,
  reachable: true,
};

let sent: [NodeId, Monitor | Demonitor | Down][];
let incarnation: number | undefined;
let running: Set<string>;
let later: (() => void)[];
let monitoring: Monitoring;
let downs: string[];
const note = ({ reason }: { readonly reason: string }) => downs.push(reason);

beforeEach(() => {
  sent = [];
  downs = [];
  later = [];
  incarnation = 7;
  running = new Set([id]);
  monitoring = new Monitoring({
    isRunning: (each) => running.has(each),
    send: (to, frame) => sent.push([to, frame]),
    incarnationOf: () => incarnation,
    soon: (task) => later.push(task),
  });
});

test('a line that is cut and back is asked again, and nobody is told', () => {
  monitoring.monitor(machine, note);
  monitoring.connected(peer);
  expect(sent).toEqual([
    [peer, { type: 'monitor', monitor: 1, machine: id }],
    [peer, { type: 'monitor', monitor: 1, machine: id }],
  ]);
  expect(downs).toEqual([]);
});

test('another start of its node does not have the machine any more', () => {
  monitoring.monitor(machine, note);
  incarnation = 8;
  monitoring.connected(peer);
  expect(downs).toEqual(['nodeLost']);
  expect(sent).toHaveLength(1);
});

test('of several ways to end the first is told, and no other', () => {
  monitoring.monitor(machine, note);
  monitoring.received(peer, { type: 'down', monitor: 1, reason: 'failed' });
  monitoring.received(peer, { type: 'down', monitor: 1, reason: 'stopped' });
  monitoring.gone(peer, 'nodeLeft');
  expect(downs).toEqual(['failed']);
});

test('a peer cannot tell of a machine that is not its own', () => {
  monitoring.monitor(machine, note);
  monitoring.received(idOf('c'), { type: 'down', monitor: 1, reason: 'failed' });
  expect(downs).toEqual([]);
});

test('what is gone already is told in a later turn: who is told can end it first', () => {
  incarnation = undefined;
  monitoring.monitor(machine, note);
  const end = monitoring.monitor({ ...machine, local: true, id: machineId('Gone') }, note);
  end();
  expect(downs).toEqual([]);
  for (const task of later) task();
  expect(downs).toEqual(['nodeLost']);
});

test('a peer is told once, at once where the machine does not run, and not after it left', () => {
  monitoring.received(peer, { type: 'monitor', monitor: 3, machine: id });
  monitoring.received(peer, { type: 'monitor', monitor: 4, machine: machineId('Nobody') });
  monitoring.received(peer, { type: 'monitor', monitor: 5, machine: id });
  monitoring.received(peer, { type: 'demonitor', monitor: 5 });
  expect(sent).toEqual([[peer, { type: 'down', monitor: 4, reason: 'stopped' }]]);
  monitoring.ended(id, 'failed');
  monitoring.ended(id, 'failed');
  expect(sent.slice(1)).toEqual([[peer, { type: 'down', monitor: 3, reason: 'failed' }]]);
  monitoring.received(peer, { type: 'monitor', monitor: 6, machine: id });
  monitoring.disconnected(peer);
  monitoring.ended(id, 'stopped');
  expect(sent).toHaveLength(2);
});
