import type { AnyActorLogic } from 'xstate';
import type { MachineLive, MachineStatus } from '../../shared/api.ts';
import { boundedJson } from '../../shared/bounded-json.ts';
import { reasonOf } from '../../shared/errors.ts';
import { activeStates, chartIds, stateText } from './chart.ts';
import type { Shown } from './host.ts';

/** Characters of a context that are shown: more than a person reads, and a frame holds it. */
const MAX_CONTEXT_LENGTH = 64 * 1024;

/** By logic: walking a machine once is enough. */
const ids = new WeakMap<AnyActorLogic, ReadonlyMap<object, readonly string[]>>();

/** What a machine is doing now, for those who look. */
export function liveOf({ logic, actor, step }: Shown): MachineLive {
  const snapshot = actor.getSnapshot();
  const context = boundedJson(snapshot.context ?? snapshot.output ?? null, MAX_CONTEXT_LENGTH);
  return {
    status: snapshot.status,
    active: activeStates(snapshot),
    state: stateText(snapshot),
    context: context.text,
    contextIsCut: context.isCut,
    step: step?.count ?? 0,
    ...(snapshot.error !== undefined && { error: reasonOf(snapshot.error) }),
    ...(step && {
      last: { event: step.event, transitions: step.transitions.flatMap((each) => idsOf(logic).get(each) ?? []) },
    }),
  };
}

/** The same in a word, for lists. */
export function stateOf({ actor }: Shown): { readonly state: string; readonly status: MachineStatus } {
  const snapshot = actor.getSnapshot();
  return { state: stateText(snapshot), status: snapshot.status };
}

function idsOf(logic: AnyActorLogic): ReadonlyMap<object, readonly string[]> {
  const known = ids.get(logic) ?? chartIds(logic);
  ids.set(logic, known);
  return known;
}
