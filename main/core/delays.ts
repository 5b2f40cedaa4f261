import type { AnyActor } from 'xstate';
import type { MachineRecord, StoredDelay } from './machine-record.ts';
import { actorAt, armDelays, delayEvent, delayIds, hasten, isDelayId } from './xstate-internals.ts';

/**
 * What becomes of the delays of a persisted machine (`after`, and events raised or sent with a delay) while it does not run.
 * `resume-deadline`: they end when they would have ended anyhow; what was due meanwhile comes at once, in its order. `resume-remaining`: they take as long
 * as was left at the last step. `restart`: they take their whole time again.
 */
export type DelayPolicy = 'resume-deadline' | 'resume-remaining' | 'restart';

/** Milliseconds from now until it comes. `now` is on the node's own time. */
export function remainingMs(policy: DelayPolicy, { delay, due }: StoredDelay, at: number, now: number): number {
  if (policy === 'restart') return delay;
  return Math.max(0, due - (policy === 'resume-remaining' ? at : now));
}

/** As `resumeDelays`, under another definition: what its states no longer have is left out, and what is new in them begins. */
export function carryDelays(actor: AnyActor, record: MachineRecord, policy: DelayPolicy, now: number): void {
  const ids = new Set(delayIds(actor));
  const isGone = ({ id, source }: StoredDelay) => source.length === 0 && isDelayId(id) && !ids.has(id);
  const delays = record.delays.filter((each) => !isGone(each));
  const known = new Set(delays.map(({ id }) => id));
  armDelays(actor, (id) => known.has(id));
  resumeDelays(actor, { ...record, delays }, policy, now);
}

/**
 * Schedules again what waited when the record was written. What was due already comes at once, before anything else: it waited longest. What belongs
 * to an actor that is no more is left out.
 */
export function resumeDelays(actor: AnyActor, { delays, at }: MachineRecord, policy: DelayPolicy, now: number): void {
  const waiting = delays.flatMap((stored) => {
    const [source, target] = [actorAt(actor, stored.source), actorAt(actor, stored.target)];
    const { event, id } = stored;
    const delay = remainingMs(policy, stored, at, now);
    return source && target ? [{ source, target, event, id, delay, due: stored.due }] : [];
  });
  const inOrder = waiting.toSorted((one, other) => one.due - other.due);
  for (const each of inOrder) delayEvent(each);
  // One of them may cancel another, and what it starts waits for its own time.
  for (const each of inOrder) if (each.delay === 0 && policy !== 'restart') hasten(each);
}
