import { kindOf } from '../../shared/json-kinds.ts';
import { compute, isOfScope, OPERATORS, OVER_ITEMS, type Scope } from './operators.ts';
import { didYouMean, type Path, type Problems } from './problems.ts';

/** Computes a value when it is needed. */
export type Value = (scope: Scope) => unknown;

/** What the values of one file may refer to. */
export interface Names {
  /** Entries of the context; `undefined` where they cannot be known. */
  readonly context: ReadonlySet<string> | undefined;
}

/**
 * A value of a file: itself, or computed by JSON Logic where an object has a single name and that name is an operator.
 * Lists and other objects hold such values in turn.
 */
export function valueFrom(json: unknown, path: Path, names: Names, problems: Problems): Value {
  if (typeof json !== 'object' || json === null) return () => json;
  if (Array.isArray(json)) {
    const items = json.map((item, index) => valueFrom(item, [...path, index], names, problems));
    return (scope) => items.map((item) => item(scope));
  }
  const entries = Object.entries(json);
  const [operator] = Object.keys(json);
  if (operator !== undefined && entries.length === 1) {
    if (Object.hasOwn(OPERATORS, operator)) return expressionFrom(json, path, names, problems);
    const hint = operator.length > 1 ? didYouMean(operator, Object.keys(OPERATORS)) : undefined;
    if (hint)
      problems.warning([...path, operator], `"${operator}" is no operator, so this object is taken as it is`, hint);
  }
  const properties = entries.map(([key, value]) => [key, valueFrom(value, [...path, key], names, problems)] as const);
  return (scope) => Object.fromEntries(properties.map(([key, value]) => [key, value(scope)]));
}

/** One operator with its arguments; anything else is told as a problem. */
export function expressionFrom(json: unknown, path: Path, names: Names, problems: Problems): Value {
  checkExpression(json, path, { names, problems, isInItem: false });
  const text = expressionText(json);
  return (scope) => {
    try {
      return compute(json as object, scope);
    } catch (thrown) {
      throw new Error(`${text}: ${(thrown as Error).message}`);
    }
  };
}

interface Check {
  readonly names: Names;
  readonly problems: Problems;
  /** Within the second argument of `map` and its like. */
  readonly isInItem: boolean;
}

function checkExpression(json: unknown, path: Path, check: Check): void {
  const { problems } = check;
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return problems.error(path, `an expression is expected, not ${kindOf(json)}`, EXPRESSION_HINT);
  const keys = Object.keys(json);
  const [operator = ''] = keys;
  if (keys.length !== 1)
    return problems.error(
      path,
      `an expression has one operator, not ${keys.length}`,
      `${EXPRESSION_HINT} An object that is meant as it is goes into "preserve".`,
    );
  const at = [...path, operator];
  const arity = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
  if (!arity)
    return problems.nameError(
      at,
      `there is no operator "${operator}"`,
      didYouMean(operator, Object.keys(OPERATORS)) ?? EXPRESSION_HINT,
    );
  const given: unknown = (json as Readonly<Record<string, unknown>>)[operator];
  if (operator === 'preserve') return;
  const args = Array.isArray(given) ? given : [given];
  if (args.length < arity.least || args.length > arity.most)
    return problems.nameError(at, `"${operator}" takes ${countText(arity)}, not ${args.length}`);
  if (operator === 'var') return checkVar(args, at, check);
  args.forEach((arg, index) => {
    const ofItem = check.isInItem || (OVER_ITEMS.has(operator) && index === 1);
    checkArgument(arg, Array.isArray(given) ? [...at, index] : at, { ...check, isInItem: ofItem });
  });
}

function checkArgument(arg: unknown, path: Path, check: Check): void {
  if (typeof arg !== 'object' || arg === null) return;
  if (!Array.isArray(arg)) return checkExpression(arg, path, check);
  for (const [index, item] of arg.entries()) checkArgument(item, [...path, index], check);
}

function checkVar([name, otherwise]: readonly unknown[], path: Path, { names, problems, isInItem }: Check): void {
  if (typeof name !== 'string') return problems.error(path, '"var" takes the path of a value as a text', VAR_HINT);
  if (!isOfScope(name)) {
    if (isInItem) return;
    return problems.error(path, `"${name}" leads nowhere`, didYouMean(name, ['context', 'event']) ?? VAR_HINT);
  }
  const [root, entry] = name.split('.');
  if (root !== 'context' || entry === undefined || otherwise !== undefined || !names.context) return;
  if (names.context.has(entry)) return;
  const hint = didYouMean(entry, names.context) ?? 'Give it a first value under "context" at the top of the file.';
  problems.error(path, `the context has no "${entry}"`, hint);
}

const EXPRESSION_HINT = 'An expression looks like { "+": [{ "var": "context.count" }, 1] }.';
const VAR_HINT = 'It looks like "context.count" or "event.part".';

const countText = ({ least, most }: { readonly least: number; readonly most: number }): string => {
  const values = (count: number) => `${count} value${count === 1 ? '' : 's'}`;
  if (least === most) return values(least);
  return Number.isFinite(most) ? `${least} to ${values(most)}` : `${values(least)} or more`;
};

// ---- What people read of it, in the chart and in errors

const INFIX = new Set([
  '==',
  '===',
  '!=',
  '!==',
  '<',
  '<=',
  '>',
  '>=',
  '+',
  '-',
  '*',
  '/',
  '%',
  'and',
  'or',
  '??',
  'in',
]);
const MAX_LABEL = 60;

/** `context.count + 1`, as a person would write it; cut where it is long. */
export function expressionText(json: unknown): string {
  const text = textOf(json, false);
  return text.length > MAX_LABEL ? `${text.slice(0, MAX_LABEL - 1)}…` : text;
}

function textOf(json: unknown, isInner: boolean): string {
  if (typeof json !== 'object' || json === null) return JSON.stringify(json) ?? '';
  if (Array.isArray(json)) return `[${json.map((item) => textOf(item, false)).join(', ')}]`;
  const [operator] = Object.keys(json);
  if (operator === undefined || Object.keys(json).length > 1) return '{…}';
  const given: unknown = (json as Readonly<Record<string, unknown>>)[operator];
  const args: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (operator === 'var') return String(args[0] ?? '');
  if (operator === '!' || operator === '!!') return `${operator === '!' ? 'not ' : ''}${textOf(args[0], true)}`;
  if (!INFIX.has(operator) || args.length < 2)
    return `${operator}(${args.map((arg) => textOf(arg, false)).join(', ')})`;
  const text = args.map((arg) => textOf(arg, true)).join(` ${operator} `);
  return isInner ? `(${text})` : text;
}
