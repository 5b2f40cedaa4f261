import type { AnyActorLogic } from 'xstate';
import type { MachineLive } from '../../shared/api.ts';
import { boundedJson } from '../../shared/bounded-json.ts';
import { reasonOf } from '../../shared/errors.ts';
import { activeStates, chartIds, stateText } from './chart.ts';
import type { MachineState } from './finding.ts';
import type { Shown } from './host.ts';

/** Characters of a context that are shown: more than a person reads, and a frame holds it. */
const MAX_CONTEXT_LENGTH = 64 * 1024;

/** By logic: walking a machine once is enough. */
const ids = new WeakMap<AnyActorLogic, ReadonlyMap<object, readonly string[]>>();

/** What a machine is doing now, for those who look; its context only for those who may see it. */
export function liveOf({ logic, actor, step, failures, definition }: Shown, withContext: boolean): MachineLive {
  const snapshot = actor.getSnapshot();
  const context = boundedJson(withContext ? (snapshot.context ?? snapshot.output ?? null) : null, MAX_CONTEXT_LENGTH);
  const { value, tags } = stateOf({ actor });
  return {
    status: snapshot.status,
    active: activeStates(snapshot),
    state: stateText(snapshot),
    ...(value !== undefined && { value }),
    tags,
    context: context.text,
    contextIsCut: context.isCut,
    step: step?.count ?? 0,
    failures,
    definition,
    ...(withContext &&
      snapshot.output !== undefined && { output: boundedJson(snapshot.output, MAX_CONTEXT_LENGTH).text }),
    ...(snapshot.error !== undefined && { error: reasonOf(snapshot.error) }),
    ...(step && {
      last: { event: step.event, transitions: step.transitions.flatMap((each) => idsOf(logic).get(each) ?? []) },
    }),
  };
}

/** The same in short, for lists and conditions. */
export function stateOf({ actor }: Pick<Shown, 'actor'>): MachineState {
  const { status, value, tags } = actor.getSnapshot();
  return { status, ...(value !== undefined && { value }), tags: [...(tags ?? [])] };
}

function idsOf(logic: AnyActorLogic): ReadonlyMap<object, readonly string[]> {
  const known = ids.get(logic) ?? chartIds(logic);
  ids.set(logic, known);
  return known;
}
