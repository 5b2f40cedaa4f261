import { LogicEngine } from 'json-logic-engine';
import { kindOf } from '../../shared/json-kinds.ts';
import { MAX_LIST_LENGTH, MAX_OPERATIONS, MAX_TEXT_LENGTH } from './limits.ts';

// JSON Logic (https://jsonlogic.com), interpreted: the engine's compiler, which would make functions out of text, is never called.

/** What an expression is computed from. */
export interface Scope {
  readonly context: unknown;
  readonly event: unknown;
}

type Method = (args: never, data: unknown, above: unknown, engine: unknown) => unknown;
interface MethodObject {
  readonly method: Method;
  readonly lazy?: boolean;
}

/** How many arguments an operator takes. */
interface Arity {
  readonly least: number;
  readonly most: number;
}

const any: Arity = { least: 1, most: Number.POSITIVE_INFINITY };
const exactly = (count: number): Arity => ({ least: count, most: count });
const from = (least: number, most = Number.POSITIVE_INFINITY): Arity => ({ least, most });

/** Every operator that a machine file may use. */
export const OPERATORS: Readonly<Record<string, Arity>> = {
  var: from(1, 2),
  '==': exactly(2),
  '===': exactly(2),
  '!=': exactly(2),
  '!==': exactly(2),
  '<': from(2, 3),
  '<=': from(2, 3),
  '>': from(2, 3),
  '>=': from(2, 3),
  '!': exactly(1),
  '!!': exactly(1),
  and: any,
  or: any,
  if: from(2),
  '??': any,
  '+': any,
  '-': any,
  '*': from(2),
  '/': exactly(2),
  '%': exactly(2),
  min: any,
  max: any,
  round: from(1, 2),
  cat: any,
  substr: from(2, 3),
  in: exactly(2),
  length: exactly(1),
  merge: any,
  slice: from(2, 3),
  map: exactly(2),
  filter: exactly(2),
  all: exactly(2),
  some: exactly(2),
  none: exactly(2),
  reduce: exactly(3),
  preserve: exactly(1),
};

/** Operators whose second argument is computed for each item of a list; there `var` sees the item as well. */
export const OVER_ITEMS: ReadonlySet<string> = new Set(['map', 'filter', 'all', 'some', 'none', 'reduce']);

/** The whole of the machine's context and event is seen from everywhere; other names are those of an item. */
export const isOfScope = (path: string): boolean => /^(context|event)(\.|$)/.test(path);

let scope: Scope = { context: undefined, event: undefined };
let operations = 0;

const own: Readonly<Record<string, Method>> = {
  // By own properties alone: a path through a prototype leads nowhere.
  var: (args: unknown, item) => {
    const [path, otherwise] = Array.isArray(args) ? args : [args];
    const text = String(path ?? '');
    const found = follow(isOfScope(text) ? scope : item, text);
    return found ?? otherwise ?? null;
  },
  // Equal are equal things: no "1" is 1, and a list never stops a machine.
  '==': ([one, other]: readonly unknown[]) => isSame(one, other),
  '===': ([one, other]: readonly unknown[]) => isSame(one, other),
  '!=': ([one, other]: readonly unknown[]) => !isSame(one, other),
  '!==': ([one, other]: readonly unknown[]) => !isSame(one, other),
  in: ([item, among]: readonly unknown[]) => {
    if (typeof among === 'string') return typeof item === 'string' && among.includes(item);
    return Array.isArray(among) && among.some((other) => isSame(item, other));
  },
  slice: ([of, start, end]: readonly unknown[]) => {
    if (typeof of !== 'string' && !Array.isArray(of))
      throw new Error(`"slice" takes a list or a text, not ${kindOf(of)}`);
    return of.slice(Number(start), end === undefined ? undefined : Number(end));
  },
  round: ([number, digits]: readonly unknown[]) => {
    const factor = 10 ** Math.min(15, Math.max(0, Number(digits ?? 0)));
    return Math.round(Number(number) * factor) / factor;
  },
};

const engine = boundedEngine();

/** Throws an Error that names the operator. */
export function compute(expression: object, from: Scope): unknown {
  scope = from;
  operations = 0;
  return engine.run(expression, null);
}

function boundedEngine(): LogicEngine {
  const shipped = new LogicEngine().methods as Readonly<Record<string, Method | MethodObject>>;
  const methods: Record<string, MethodObject> = {};
  for (const name of Object.keys(OPERATORS)) {
    const method = own[name] ?? shipped[name];
    if (!method) throw new Error(`json-logic-engine has no operator "${name}"`);
    methods[name] = bounded(name, typeof method === 'function' ? { method } : method);
  }
  return new LogicEngine(methods as never, { disableInline: true, disableInterpretedOptimization: true });
}

/** Neither time nor memory without end, and a sentence when it fails. */
function bounded(name: string, { method, lazy = false }: MethodObject): MethodObject {
  return {
    lazy,
    method: (args, data, above, inEngine) => {
      if (++operations > MAX_OPERATIONS) throw new Error(`takes more than ${MAX_OPERATIONS} operations`);
      const result = sentence(name, args, lazy, () => method(args, data, above, inEngine));
      if (typeof result === 'string' && result.length > MAX_TEXT_LENGTH)
        throw new Error(`"${name}" makes a text of more than ${MAX_TEXT_LENGTH} characters`);
      if (Array.isArray(result) && result.length > MAX_LIST_LENGTH)
        throw new Error(`"${name}" makes a list of more than ${MAX_LIST_LENGTH} items`);
      if (typeof result === 'number' && !Number.isFinite(result)) throw unfit(name, args, lazy);
      // No -0, which nobody means and no event can carry.
      return result === 0 ? 0 : result;
    },
  };
}

/** The engine throws what is no error: NaN, or an object with a type. */
function sentence(name: string, args: unknown, lazy: boolean, act: () => unknown): unknown {
  try {
    return act();
  } catch (thrown) {
    throw thrown instanceof Error && !(thrown instanceof TypeError) ? thrown : unfit(name, args, lazy);
  }
}

const unfit = (name: string, args: unknown, lazy: boolean): Error =>
  new Error(`"${name}" cannot be computed${lazy ? '' : ` of ${shortJson(args)}`}`);

const shortJson = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
};

function follow(from: unknown, path: string): unknown {
  let value = from;
  for (const key of path === '' ? [] : path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return typeof value === 'function' ? undefined : value;
}

function isSame(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return one === other;
  return JSON.stringify(one) === JSON.stringify(other);
}
