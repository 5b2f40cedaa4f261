import { type AnyMachineSnapshot, type AnyStateMachine, createActor } from 'xstate';
import { activeStates, chartIds, chartOf, stateText } from '../../main/core/chart.ts';
import type { MachineView } from '../../shared/api.ts';
import type { FakeWorld } from '../support/renderer/fake-world.ts';

export interface Running {
  readonly machine: MachineView;
  /** Whether it took a transition. */
  send(event: { readonly type: string }): boolean;
  snapshot(): AnyMachineSnapshot;
}

/** Runs a real machine in a fake world: its chart, its states and its transitions are those of the product. */
export function run(
  world: FakeWorld,
  logic: AnyStateMachine,
  { id = `${logic.id}_1`, type = logic.id, on = world.node as { id: MachineView['node']; name: string } } = {},
): Running {
  const machine = world.addMachine(id, type, on);
  const chart = chartOf(logic);
  if (chart) world.charts.set(machine.address, chart);
  const ids = chartIds(logic);
  let step = 0;
  let last: { event: string; transitions: string[] } | undefined;
  const actor = createActor(logic, {
    inspect(inspection) {
      if (inspection.type !== '@xstate.microstep' || inspection.actorRef !== actor) return;
      const transitions = inspection._transitions.flatMap((taken) => ids.get(taken) ?? []);
      if (transitions.length === 0) return;
      step++;
      last = { event: inspection.event.type, transitions };
    },
  });
  const tell = () => {
    const snapshot = actor.getSnapshot() as AnyMachineSnapshot;
    world.setLive(machine.address, {
      status: snapshot.status,
      active: activeStates(snapshot),
      state: stateText(snapshot),
      context: JSON.stringify(snapshot.context),
      contextIsCut: false,
      tags: [],
      failures: [],
      definition: 1,
      step,
      ...(last && { last }),
    });
  };
  actor.subscribe(tell);
  actor.start();
  tell();
  return {
    machine,
    send(event) {
      const before = step;
      actor.send(event);
      return step > before;
    },
    snapshot: () => actor.getSnapshot() as AnyMachineSnapshot,
  };
}
