import type { Json } from '../../shared/json-kinds.ts';
import { didYouMean, type Path, type Problems } from './problems.ts';

/** What a file explains at its top. */
export const OWN_KEYS = ['actions', 'guards', 'delays'];
/** As XState has them. */
export const STATE_KEYS = [
  'id',
  'type',
  'initial',
  'states',
  'on',
  'entry',
  'exit',
  'always',
  'after',
  'onDone',
  'invoke',
  'history',
  'target',
  'tags',
  'description',
  'meta',
  'output',
  'key',
  'order',
];
export const ROOT_KEYS = ['context', 'version', '$schema'];
export const TRANSITION_KEYS = ['target', 'guard', 'actions', 'reenter', 'description', 'meta', 'event', 'eventType'];

/** What XState called otherwise before version 5. */
const FORMER_KEYS: Readonly<Record<string, string>> = {
  cond: 'It is called "guard" since XState 5; Stately exports that too.',
  onEntry: 'It is called "entry".',
  onExit: 'It is called "exit".',
  in: 'Since XState 5 this is a guard.',
  activities: 'Since XState 5 these are invoked actors.',
  delay: 'Write it as "after".',
};
/** What Stately exported for XState 4 and what means nothing any more. */
const IDLE_KEYS = new Set([
  'predictableActionArguments',
  'preserveActionOrder',
  'tsTypes',
  'schema',
  'schemas',
  'types',
  'strict',
]);

/** A name that is close to a known one, or was one once, is an error; any other is left aside with a warning. */
export function checkKeys(json: Json, path: Path, known: readonly string[], what: string, problems: Problems): void {
  for (const key of Object.keys(json)) {
    if (known.includes(key) || IDLE_KEYS.has(key)) continue;
    const former = Object.hasOwn(FORMER_KEYS, key) ? FORMER_KEYS[key] : undefined;
    const meant = didYouMean(key, known);
    if (former || meant) problems.nameError([...path, key], `${what} has no "${key}"`, former ?? meant);
    else problems.warning([...path, key], `${what} has no "${key}": it is left aside`);
  }
}
