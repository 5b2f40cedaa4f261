import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { namesInText } from '../../shared/strict-json.ts';
import { MAX_JSON_DEPTH } from './limits.ts';
import type { Path, Problems, Spot } from './problems.ts';

/** What a JSON file says, and where in its text it says so. */
export interface JsonText {
  readonly value: unknown;
  /** Whether all of it could be read; else the value is what is left. */
  readonly isComplete: boolean;
  /** The nearest place that is in the text, for one that is missing. */
  locate(path: Path, ofName: boolean): Spot | undefined;
}

/** Reads JSON and nothing else; everything that is wrong with the text goes to `problems`, each with its place. */
export function parseJson(text: string, problems: Problems): JsonText {
  const lines = new Lines(text);
  if (namesInText(text, MAX_JSON_DEPTH) === undefined) {
    problems.error([], `is nested deeper than ${MAX_JSON_DEPTH} brackets`);
    return { value: undefined, isComplete: false, locate: () => undefined };
  }
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false });
  tellSyntax(text, errors, lines, problems);
  return {
    value: root && readValue(root, [], lines, problems),
    isComplete: errors.length === 0,
    locate: (path, ofName) => root && spotOf(root, path, ofName, lines),
  };
}

function readValue(node: Node, path: Path, lines: Lines, problems: Problems): unknown {
  if (node.type === 'array')
    return node.children?.map((item, index) => readValue(item, [...path, index], lines, problems));
  if (node.type !== 'object') return node.value;
  const value: Record<string, unknown> = {};
  for (const { children: [name, property] = [] } of node.children ?? []) {
    // A property that the text breaks off in has no value.
    if (!name || !property) continue;
    const key = name.value as string;
    if (key === '__proto__') problems.errorAt(lines.spot(name), 'the name "__proto__" is not allowed', undefined, path);
    else if (Object.hasOwn(value, key))
      problems.errorAt(
        lines.spot(name),
        `"${key}" is here twice`,
        'Only one of them can count: remove the other.',
        path,
      );
    else value[key] = readValue(property, [...path, key], lines, problems);
  }
  return value;
}

function spotOf(root: Node, path: Path, ofName: boolean, lines: Lines): Spot {
  let node = root;
  let name: Node | undefined;
  for (const key of path) {
    const property =
      typeof key === 'number'
        ? undefined
        : node.children?.find(({ type, children }) => type === 'property' && children?.[0]?.value === key);
    const next = typeof key === 'number' ? node.children?.[key] : property?.children?.[1];
    if (!next) break;
    name = property?.children?.[0];
    node = next;
  }
  // Of an object or a list its name says enough, where it has one.
  const isLarge = node.type === 'object' || node.type === 'array';
  return lines.spot((ofName || isLarge) && name ? name : isLarge ? { offset: node.offset, length: 1 } : node);
}

/** From places in a text to lines and columns. */
class Lines {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  spot({ offset, length }: { readonly offset: number; readonly length: number }): Spot {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1, length: Math.max(1, length) };
  }
}

// ---- What is no JSON

/** What is wrong on a line is told once: the rest follows from the first. */
function tellSyntax(text: string, errors: readonly ParseError[], lines: Lines, problems: Problems): void {
  const told = new Set<number>();
  if (/^\s*(import|export|const|createMachine|setup|\/\/)\b/.test(text)) {
    const spot = lines.spot({ offset: text.search(/\S/), length: 1 });
    problems.errorAt(spot, 'this is JavaScript, not JSON', 'Give the file the ending .js or .ts.');
    return;
  }
  for (const error of errors) {
    // The end of the text may stand on a line of its own: what is missing is missing behind the last word.
    const offset = error.offset >= text.trimEnd().length ? Math.max(0, text.trimEnd().length - 1) : error.offset;
    const spot = lines.spot({ offset, length: error.length });
    if (told.has(spot.line)) continue;
    told.add(spot.line);
    const [message, hint] = syntaxOf(error, text);
    problems.errorAt(spot, message, hint);
  }
}

function syntaxOf({ error, offset, length }: ParseError, text: string): readonly [message: string, hint?: string] {
  const word = text.slice(offset, offset + length);
  const isEnd = text.slice(offset).trim() === '';
  if (isEnd) return ['the text ends here before it is complete', 'A bracket, a brace or a quote is not closed yet.'];
  switch (printParseErrorCode(error)) {
    case 'InvalidSymbol':
      if (word.startsWith("'")) return ['a text stands in single quotes', 'JSON takes double quotes alone.'];
      return [`${word} is no JSON`, 'Names and texts stand in double quotes.'];
    case 'InvalidNumberFormat':
      return [`${word} is no number`, 'A number looks like 12, -0.5 or 1e3.'];
    case 'PropertyNameExpected':
      if (/,\s*$/.test(text.slice(0, offset)) && /^[}\],]/.test(word || text.slice(offset)))
        return ['a comma too many stands before this', 'JSON has no comma after the last entry.'];
      return ['a name in double quotes is expected here'];
    case 'ValueExpected':
      if (/,\s*$/.test(text.slice(0, offset)))
        return ['a comma too many stands before this', 'JSON has no comma after the last entry.'];
      return ['a value is expected here'];
    case 'ColonExpected':
      return ['a colon is expected between a name and its value'];
    case 'CommaExpected':
      return ['a comma is missing before this'];
    case 'CloseBraceExpected':
      return ['a closing brace } is missing before this'];
    case 'CloseBracketExpected':
      return ['a closing bracket ] is missing before this'];
    case 'EndOfFileExpected':
      return ['the text should end before this'];
    case 'InvalidCommentToken':
    case 'UnexpectedEndOfComment':
      return ['JSON has no comments', 'Put it into a "description".'];
    case 'UnexpectedEndOfString':
      return ['a text does not end on its line', 'Close it with a double quote; a line break in it is written \\n.'];
    case 'InvalidUnicode':
    case 'InvalidEscapeCharacter':
      return ['a backslash here means nothing', 'A backslash itself is written \\\\.'];
    case 'InvalidCharacter':
      return ['a control character is not allowed in a text'];
    default:
      return ['is no JSON here'];
  }
}
