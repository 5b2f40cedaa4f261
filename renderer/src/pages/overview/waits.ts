import type { MachineView, MessageView } from '../../../../shared/api.ts';
import type { Address } from '../../../../shared/ids.ts';

/** A machine that cannot go on by itself, and what it waits for as far as can be seen. */
export interface Wait {
  readonly machine: MachineView;
  /** The machine that must act; missing where any of a type will do, or it is not known. */
  readonly target?: MachineView;
  /** How to name what is awaited where there is no one machine. */
  readonly wanted: string;
  /** Its newest event that was ignored, or is still on its way. */
  readonly event?: { readonly type: string; readonly fate: 'ignored' | 'undelivered' };
}

/** Milliseconds. An ignored event that is older than this says nothing about now. */
const RECENT_MS = 5_000;
/** `waitingForRobot`, `wait_for_press`, `WAITING`; but not `waiter`. */
const WAITING = /^[Ww](?:ait|AIT)(?:ing|ING|s|S)?(?:$|[_-]|(?=for|FOR|[A-Z]))(?:[Ff]or|FOR)?[_-]?(.*)$/;

/**
 * Two things tell that a machine waits: its state's name, as people write it, and an event of its own that its receiver just
 * ignored or does not have.
 */
export function waitOf(
  machine: MachineView,
  machines: ReadonlyMap<Address, MachineView>,
  newest: MessageView | undefined,
  now: number,
): Wait | undefined {
  if (!machine.reachable || (machine.status !== undefined && machine.status !== 'active')) return undefined;
  const event = fateOf(newest, now);
  const receiver = newest && machines.get(newest.to);
  const name = waitingName(machine.state ?? '');
  // A state that is just `waiting` waits for whom it asked.
  if (name === undefined || (name === '' && event)) {
    if (!event) return undefined;
    return { machine, wanted: receiver?.id ?? 'its receiver', ...(receiver && { target: receiver }), event };
  }
  const candidates = [...machines.values()].filter((other) => other !== machine && simple(other.type) === simple(name));
  const target = candidates.length === 1 ? candidates[0] : candidates.find((other) => other === receiver);
  const wanted = target?.id ?? (candidates[0] ? `any ${candidates[0].type}` : name || 'something');
  return {
    machine,
    wanted,
    ...(target && { target }),
    ...(event && target === receiver && { event }),
  };
}

function fateOf(newest: MessageView | undefined, now: number): Wait['event'] {
  if (newest?.status === 'ignored' && now - newest.loggedAt < RECENT_MS)
    return { type: newest.eventType, fate: 'ignored' };
  // What was just sent is on its way, and nobody waits yet.
  if (newest?.status === 'accepted' && now - newest.loggedAt > 1_000)
    return { type: newest.eventType, fate: 'undelivered' };
  return undefined;
}

function waitingName(state: string): string | undefined {
  for (const leaf of state.slice(0, 1_000).split(', ')) {
    const found = WAITING.exec(leaf.slice(leaf.lastIndexOf('.') + 1));
    if (found) return found[1] ?? '';
  }
  return undefined;
}

const simple = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
