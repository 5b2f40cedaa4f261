import { type AnyStateMachine, type AnyStateNode, initialTransition } from 'xstate';
import { reasonOf } from '../../shared/errors.ts';
import { limitIterations } from '../core/xstate-internals.ts';
import { certainCycles } from './cycles.ts';
import { DELAY_HINT, delayProblem } from './json-delays.ts';
import { MAX_STATE_DEPTH, MAX_STATES } from './limits.ts';
import { didYouMean, type Path, type Problems } from './problems.ts';

/** What can be said of any machine without running it; paths begin at `path`, where its configuration stands. */
export function checkMachine(machine: AnyStateMachine, path: Path, problems: Problems): void {
  const nodes = inOrder(machine.root);
  if (nodes.length > MAX_STATES)
    return problems.error(path, `there are ${nodes.length} states; ${MAX_STATES} are allowed`);
  for (const node of nodes) checkNode(node, [...path, ...pathOf(node)], machine, problems);
  for (const { node, event, steps } of certainCycles(machine)) {
    const at = [...path, ...pathOf(node), ...(event === '' ? ['always'] : ['on', event])];
    problems.nameError(
      at,
      `this goes round for ever: ${[...steps, steps[0]].join(' → ')}`,
      'Give one of these transitions a guard, or let it wait with "after".',
    );
  }
  if (!problems.hasErrors) checkStart(machine, path, problems);
}

const inOrder = (node: AnyStateNode): AnyStateNode[] => [
  node,
  ...Object.values(node.states).flatMap((child) => inOrder(child)),
];

const pathOf = (node: AnyStateNode): Path => node.path.flatMap((key) => ['states', key]);

function checkNode(node: AnyStateNode, path: Path, machine: AnyStateMachine, problems: Problems): void {
  const { actions, guards, actors, delays } = machine.implementations;
  if (node.path.length > MAX_STATE_DEPTH)
    return problems.error(path, `states are nested deeper than ${MAX_STATE_DEPTH} levels`);
  if (node.parent && (node.key === '' || /[.#]/.test(node.key) || node.key in {}))
    problems.nameError(path, `a state cannot be called "${node.key}"`);
  for (const name of unknownNames([...node.entry, ...node.exit], actions))
    problems.error(path, `there is no action "${name}"`, didYouMean(name, Object.keys(actions)));
  for (const transition of [...node.transitions.values(), node.always ?? []].flat()) {
    const at = [...path, ...(transition.eventType === '' ? ['always'] : ['on', transition.eventType])];
    for (const name of unknownNames(transition.actions, actions))
      problems.error(at, `there is no action "${name}"`, didYouMean(name, Object.keys(actions)));
    for (const name of unknownNames(transition.guard === undefined ? [] : [transition.guard], guards))
      problems.error(at, `there is no guard "${name}"`, didYouMean(name, Object.keys(guards)));
  }
  for (const { src } of node.invoke) {
    if (typeof src === 'string' && !src.startsWith('xstate.invoke.') && !Object.hasOwn(actors, src))
      problems.error([...path, 'invoke'], `there is no actor "${src}"`, didYouMean(src, Object.keys(actors)));
  }
  for (const delay of Object.keys((node.config.after as object | undefined) ?? {}))
    checkDelay(delay, [...path, 'after', delay], delays, problems);
}

function checkDelay(delay: string, path: Path, delays: object, problems: Problems): void {
  const known = Object.hasOwn(delays, delay) ? (delays as Readonly<Record<string, unknown>>)[delay] : undefined;
  const value = typeof known === 'number' ? known : Number(delay);
  if (typeof known === 'function') return;
  if (Number.isNaN(value) && known === undefined && delay !== 'NaN')
    return problems.nameError(path, `there is no delay "${delay}"`, didYouMean(delay, Object.keys(delays)));
  const problem = delayProblem(value);
  if (problem) problems.nameError(path, problem, DELAY_HINT);
}

interface Named {
  readonly type?: unknown;
  readonly guards?: readonly unknown[];
}

/** Names that stand for nothing. Functions stand for themselves, and so does what XState makes. */
function unknownNames(uses: readonly unknown[], known: object): string[] {
  return uses.flatMap((use) => {
    const { type, guards } = use as Named;
    if (guards) return unknownNames(guards, known);
    if (typeof use === 'function') return [];
    const name = typeof use === 'string' ? use : type;
    return typeof name === 'string' && !name.startsWith('xstate.') && !Object.hasOwn(known, name) ? [name] : [];
  });
}

/** Its first steps, without what they do to the outside: a machine that fails at its start is not started. */
function checkStart(machine: AnyStateMachine, path: Path, problems: Problems): void {
  limitIterations(machine);
  try {
    const [snapshot] = initialTransition(machine);
    if (snapshot.status === 'error') problems.error(path, `it fails when it starts: ${reasonOf(snapshot.error)}`);
  } catch (thrown) {
    problems.error(path, `it fails when it starts: ${reasonOf(thrown)}`);
  }
}
