import { stripTypeScriptTypes } from 'node:module';
import type {
  ExportAllDeclaration,
  ExportDefaultDeclaration,
  ExportNamedDeclaration,
  Identifier,
  ImportDeclaration,
  ImportExpression,
  Literal,
  MetaProperty,
  ModuleDeclaration,
  Pattern,
  Program,
  Statement,
} from 'acorn';
import { parse } from 'acorn';
import { simple } from 'acorn-walk';
import MagicString from 'magic-string';
import type { Spot } from './problems.ts';

// Node never forgets a module that it has loaded: each reload would stay in memory. So a machine's module becomes the body of a function,
// which is forgotten with the machine. Every line of it stays where it was, so that errors name the right one.

/** What the function is called with, in this order. */
export const PARAMETERS = ['$imImport', '$imExport', '$imDyn', '$imMeta'] as const;

/** Throws a ModuleFault. */
export function functionBody(source: string, isTypeScript: boolean): string {
  const script = isTypeScript ? withoutTypes(source) : source;
  const program = parsed(script);
  const code = new MagicString(script);
  const imports: string[] = [];
  const exported = new Map<string, string>();
  for (const statement of program.body) rewrite(statement, { script, code, imports, exported });
  const put = (start: number, end: number, text: string) => putInPlace(text, start, end, { code, script });
  simple(program, {
    ImportExpression: ({ start }: ImportExpression) => put(start, start + 'import'.length, '$imDyn'),
    MetaProperty: ({ start, end, meta }: MetaProperty) => {
      if (meta.name === 'import') put(start, end, '$imMeta');
    },
  });
  const getters = [...exported].map(([name, expression]) => `${JSON.stringify(name)}: () => ${expression}`);
  if (script.startsWith('#!')) put(0, 2, '//');
  const before = `'use strict'; return (async () => { $imExport({ ${getters.join(', ')} }); ${imports.join(' ')}\n`;
  return `${before}${code.toString()}\n})();`;
}

/** A module that cannot be understood. */
export class ModuleFault extends Error {
  readonly spot: Spot | undefined;
  readonly hint: string | undefined;

  constructor(message: string, spot: Spot | undefined, hint?: string) {
    super(message);
    this.spot = spot;
    this.hint = hint;
  }
}

function parsed(script: string): Program {
  try {
    return parse(script, {
      ecmaVersion: 'latest',
      sourceType: 'module',
      allowAwaitOutsideFunction: true,
      allowHashBang: true,
    });
  } catch (thrown) {
    const { message, loc } = thrown as SyntaxError & {
      readonly loc?: { readonly line: number; readonly column: number };
    };
    const text = message.replace(/ \(\d+:\d+\)$/, '');
    throw new ModuleFault(text, loc && { line: loc.line, column: loc.column + 1, length: 1 });
  }
}

/** Node's own, which leaves every line and column where it was. */
function withoutTypes(source: string): string {
  try {
    return withoutWarnings(() => stripTypeScriptTypes(source, { mode: 'strip', sourceUrl: 'module' }));
  } catch (thrown) {
    throw typeScriptFault(thrown as Error);
  }
}

/** Node says on standard error that a part of it may still change, which is no news to whoever runs a node. */
export function withoutWarnings<Result>(act: () => Result): Result {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return act();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Node tells the place in the text of the error alone: the line, the line itself, and marks below it. */
function typeScriptFault({ message, stack = '', code }: NodeJS.ErrnoException): ModuleFault {
  if (code === 'ERR_NO_TYPESCRIPT')
    return new ModuleFault('this Node was built without TypeScript: write it as .js', undefined);
  const [head = '', ...rest] = stack.split('\n');
  const line = Number(/^module:(\d+)$/.exec(head)?.[1]);
  const marks = rest.find((text) => /^\s*\^+\s*$/.test(text)) ?? '^';
  const spot = { line, column: marks.indexOf('^') + 1, length: marks.trim().length };
  return new ModuleFault(message, Number.isNaN(line) ? undefined : spot);
}

// ---- Imports and exports

interface Rewriting {
  readonly script: string;
  readonly code: MagicString;
  readonly imports: string[];
  /** What each exported name stands for. */
  readonly exported: Map<string, string>;
}

function rewrite(statement: Statement | ModuleDeclaration, to: Rewriting): void {
  switch (statement.type) {
    case 'ImportDeclaration':
      return rewriteImport(statement, to);
    case 'ExportNamedDeclaration':
      return rewriteExport(statement, to);
    case 'ExportDefaultDeclaration':
      return rewriteDefault(statement, to);
    case 'ExportAllDeclaration':
      return rewriteAll(statement, to);
  }
}

function rewriteImport({ specifiers, source, start, end }: ImportDeclaration, to: Rewriting): void {
  blank(start, end, to);
  const names = specifiers.flatMap((one) => {
    if (one.type === 'ImportNamespaceSpecifier') return [];
    return [[one.type === 'ImportSpecifier' ? nameOf(one.imported) : 'default', one.local.name] as const];
  });
  const space = specifiers.find(({ type }) => type === 'ImportNamespaceSpecifier');
  const imported = importOf(
    source,
    names.map(([name]) => name),
    to,
  );
  if (space) to.imports.push(`const ${space.local.name} = ${imported};`);
  const from = space ? space.local.name : imported;
  if (names.length > 0)
    to.imports.push(
      `const { ${names.map(([name, local]) => `${JSON.stringify(name)}: ${local}`).join(', ')} } = ${from};`,
    );
  else if (!space) to.imports.push(`${imported};`);
}

function rewriteExport({ declaration, specifiers, source, start, end }: ExportNamedDeclaration, to: Rewriting): void {
  if (declaration) {
    putInPlace('', start, declaration.start, to);
    const names =
      declaration.type === 'VariableDeclaration'
        ? declaration.declarations.flatMap(({ id }) => boundNames(id))
        : [declaration.id.name];
    for (const name of names) to.exported.set(name, name);
    return;
  }
  blank(start, end, to);
  if (!source) {
    for (const { local, exported } of specifiers) to.exported.set(nameOf(exported), nameOf(local));
    return;
  }
  const from = `$imFrom${to.imports.length}`;
  to.imports.push(
    `const ${from} = ${importOf(
      source,
      specifiers.map(({ local }) => nameOf(local)),
      to,
    )};`,
  );
  for (const { local, exported } of specifiers)
    to.exported.set(nameOf(exported), `${from}[${JSON.stringify(nameOf(local))}]`);
}

function rewriteDefault({ declaration, start }: ExportDefaultDeclaration, to: Rewriting): void {
  const keywords = /^export\b[\s\S]*?\bdefault\b/.exec(to.script.slice(start))?.[0].length ?? 0;
  const isNamed =
    (declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') && declaration.id;
  putInPlace(isNamed ? '' : 'const $imD =', start, start + keywords, to);
  to.exported.set('default', isNamed ? isNamed.name : '$imD');
}

function rewriteAll({ exported, source, start, end }: ExportAllDeclaration, to: Rewriting): void {
  blank(start, end, to);
  const imported = importOf(source, [], to);
  if (!exported) return void to.imports.push(`$imExport.all(${imported});`);
  const from = `$imFrom${to.imports.length}`;
  to.imports.push(`const ${from} = ${imported};`);
  to.exported.set(nameOf(exported), from);
}

/** The call says where it stood: it is moved to the beginning, as imports are. */
function importOf({ value, start, end }: Literal, names: readonly string[], { script }: Rewriting): string {
  const before = script.slice(0, start).split('\n');
  const spot: Spot = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, length: end - start };
  return `await $imImport(${JSON.stringify(value)}, ${JSON.stringify(names)}, ${JSON.stringify(spot)})`;
}

const nameOf = (name: Identifier | Literal): string => (name.type === 'Identifier' ? name.name : String(name.value));

/** Takes a statement away. */
const blank = (start: number, end: number, to: Rewriting): void => putInPlace(';', start, end, to);

/** What stands behind it stays on its line and in its column. */
function putInPlace(
  text: string,
  start: number,
  end: number,
  { code, script }: Pick<Rewriting, 'code' | 'script'>,
): void {
  const space = script.slice(start, end).replace(/[^\n]/g, ' ');
  code.overwrite(start, end, text + space.slice(text.length));
}

function boundNames(pattern: Pattern): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((one) => boundNames(one.type === 'Property' ? one.value : one.argument));
    case 'ArrayPattern':
      return pattern.elements.flatMap((one) => (one ? boundNames(one) : []));
    case 'RestElement':
      return boundNames(pattern.argument);
    case 'AssignmentPattern':
      return boundNames(pattern.left);
    default:
      return [];
  }
}
