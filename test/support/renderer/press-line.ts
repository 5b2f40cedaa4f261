import type { Chart, ChartState } from '../../../shared/api.ts';
import type { Address } from '../../../shared/ids.ts';
import { FakeWorld } from './fake-world.ts';

// The demo's press line as one of its nodes sees it: a feeder, a press and an inspector here, two robots on a peer.

/** Machine → the states that it can be in, and what leads from one to the next. */
const STATES: Readonly<Record<string, readonly (readonly [from: string, label: string, to: string])[]>> = {
  Feeder: [
    ['separating', 'after 1000 ms', 'waitingForRobot'],
    ['waitingForRobot', 'PART_TAKEN', 'separating'],
  ],
  Robot: [
    ['idle', 'PART_READY', 'carrying'],
    ['carrying', 'after 500 ms', 'waitingForPress'],
    ['waitingForPress', 'LOADED', 'returning'],
    ['returning', 'after 300 ms', 'idle'],
  ],
  Press: [
    ['open', 'LOAD', 'pressing'],
    ['pressing', 'after 900 ms', 'opening'],
    ['opening', 'after 200 ms', 'open'],
  ],
  Inspector: [
    ['idle', 'always', 'inspecting'],
    ['inspecting', 'after 300 ms', 'idle'],
  ],
};

export interface Running {
  readonly world: FakeWorld;
  stop(): void;
}

/** Runs until stopped. Four peers: two of the line, one that is away, one that is not trusted. */
export function pressLine(): Running {
  const world = new FakeWorld('pressing');
  const handling = world.addPeer('handling', { advertisedTypes: ['Robot'], roundTripMs: 0.62 });
  world.addPeer('packing', {
    state: 'suspect',
    advertisedTypes: ['Packer'],
    roundTripMs: 41.3,
    endpoints: [{ host: '192.168.7.24', port: 49_310 }],
  });
  world.addPeer('warehouse', {
    state: 'offline',
    waiting: 128,
    endpoints: [{ host: '192.168.7.30', port: 49_200 }],
    problem: 'No answer from 192.168.7.30:49200 for 8 s',
  });
  world.addPeer('visitor-laptop', {
    state: 'untrusted',
    endpoints: [{ host: '192.168.7.77', port: 50_001 }],
    problem: 'It has another network key',
  });
  const here = world.node;
  world.setFiles([
    { name: 'lamp.ts', type: 'Lamp', version: '1.2.0', machines: ['Lamp_1', 'Lamp_2'], problems: [], notes: [] },
    {
      name: 'press.json',
      machines: [],
      problems: [
        { severity: 'error', path: 'initial', message: 'there is no state "opn" to begin with', line: 5, column: 14 },
      ],
      notes: [],
    },
  ]);
  const add = (id: string, type: string, on: { readonly id: typeof here.id; readonly name: string }, state: string) => {
    const machine = world.addMachine(id, type, on, { state });
    world.charts.set(machine.address, chartOf(type));
    go(machine.address, type, state);
    return machine.address;
  };
  const go = (address: Address, type: string, state: string, event = 'init') => {
    const id = type.toLowerCase();
    const at = STATES[type]?.findIndex(([, label, to]) => to === state && label === event) ?? -1;
    world.setLive(address, {
      status: 'active',
      active: [id, `${id}.${state}`],
      state,
      context: JSON.stringify({ part, strokes: part * 2 }),
      contextIsCut: false,
      tags: [],
      failures: [],
      definition: 1,
      step: (world.live.get(address)?.step ?? 0) + 1,
      ...(at >= 0 && { last: { event, transitions: [`${id}:${at}`] } }),
    });
  };
  let part = 41;
  const feeder = add('Feeder_1', 'Feeder', here, 'separating');
  const press = add('Press_1', 'Press', here, 'open');
  const inspector = add('Inspector_1', 'Inspector', here, 'idle');
  const robots = [add('Robot_1', 'Robot', handling, 'idle'), add('Robot_2', 'Robot', handling, 'idle')];
  const warehouse = world.peers[2];
  if (warehouse) world.addMachine('Store_1', 'Store', warehouse, { reachable: false, state: 'counting' });

  const timers = new Set<NodeJS.Timeout>();
  const after = (milliseconds: number, task: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      task();
    }, milliseconds);
    timers.add(timer);
  };
  const stateOf = (address: Address) => world.machines.get(address)?.state;
  /** Delivered at once, taken or not a little later; `answered` is told whether it was. */
  const send = (
    from: Address,
    to: Address,
    event: { readonly type: string },
    takes: () => boolean,
    then: () => void,
  ) => {
    const row = world.send(from, to, event);
    after(6, () => world.settle(row, 'delivered'));
    after(14, () => {
      const taken = takes();
      world.settle(row, taken ? 'handled' : 'ignored');
      if (taken) then();
    });
  };

  const inspect = (number: number) =>
    send(
      press,
      inspector,
      { type: 'INSPECT', part: number } as never,
      () => true,
      () => {
        go(inspector, 'Inspector', 'inspecting', 'always');
        after(300, () => {
          go(inspector, 'Inspector', 'idle', 'after 300 ms');
          const result = { type: 'RESULT', part: number, passed: number % 5 !== 0 };
          send(
            inspector,
            feeder,
            result,
            () => true,
            () => {},
          );
        });
      },
    );
  const stroke = (number: number) => {
    go(press, 'Press', 'pressing', 'LOAD');
    after(900, () => {
      go(press, 'Press', 'opening', 'after 900 ms');
      inspect(number);
      after(200, () => go(press, 'Press', 'open', 'after 200 ms'));
    });
  };
  const load = (robot: Address, number: number) => {
    go(robot, 'Robot', 'waitingForPress', 'after 500 ms');
    let taken = false;
    send(
      robot,
      press,
      { type: 'LOAD', part: number } as never,
      () => stateOf(press) === 'open',
      () => {
        taken = true;
        stroke(number);
        send(
          press,
          robot,
          { type: 'LOADED' },
          () => true,
          () => {
            go(robot, 'Robot', 'returning', 'LOADED');
            after(300, () => go(robot, 'Robot', 'idle', 'after 300 ms'));
          },
        );
      },
    );
    after(800, () => {
      if (!taken) load(robot, number);
    });
  };
  const offer = () => {
    go(feeder, 'Feeder', 'waitingForRobot', 'after 1000 ms');
    const robot = robots[Math.floor(Math.random() * robots.length)] ?? feeder;
    const number = part;
    let taken = false;
    send(
      feeder,
      robot,
      { type: 'PART_READY', part: number } as never,
      () => stateOf(robot) === 'idle',
      () => {
        taken = true;
        part++;
        go(robot, 'Robot', 'carrying', 'PART_READY');
        after(500, () => load(robot, number));
        send(
          robot,
          feeder,
          { type: 'PART_TAKEN' },
          () => true,
          () => {
            go(feeder, 'Feeder', 'separating', 'PART_TAKEN');
            after(1000, offer);
          },
        );
      },
    );
    after(1500, () => {
      if (!taken) offer();
    });
  };
  after(400, offer);
  const jitter = setInterval(() => {
    world.setPeers(
      world.peers.map((peer) => (peer.state === 'alive' ? { ...peer, roundTripMs: 0.4 + Math.random() * 0.6 } : peer)),
    );
  }, 1_000);
  return {
    world,
    stop() {
      clearInterval(jitter);
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}

function chartOf(type: string): Chart {
  const id = type.toLowerCase();
  const steps = STATES[type] ?? [];
  const leaf = (key: string): ChartState => ({
    id: `${id}.${key}`,
    key,
    type: 'atomic',
    children: [],
    entry: [],
    exit: [],
    invoke: [],
    tags: [],
  });
  const children = [...new Set(steps.map(([from]) => from))].map(leaf);
  return {
    id,
    root: { ...leaf(''), id, key: id, type: 'compound', children, initial: children[0]?.id ?? id },
    transitions: steps.map(([from, label, to], at) => ({
      id: `${id}:${at}`,
      source: `${id}.${from}`,
      target: `${id}.${to}`,
      label,
      event: label,
      actions: [],
    })),
  };
}
