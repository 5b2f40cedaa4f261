/** Why no machine may send an event of this type. */
export function eventTypeProblem(type: string): string | undefined {
  if (type === '') return 'the type of an event is empty';
  if (type === '*') return '"*" stands for all events and cannot be sent';
  return type.startsWith('xstate.') ? 'types that begin with "xstate." belong to XState' : undefined;
}
