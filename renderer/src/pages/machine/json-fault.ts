/** The first thing in a text that keeps it from being JSON. */
export interface JsonFault {
  /** Characters before it. */
  readonly position: number;
  /** For the person who typed it. */
  readonly why: string;
}

const TOKEN = /\s*(?:("(?:[^"\\\n]|\\.)*")|([{}[\],:])|([^\s{}[\],:"]+)|(["]))?/y;
const VALUE = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

interface Token {
  readonly kind: 'text' | 'sign' | 'word' | 'open text' | 'end';
  readonly text: string;
  readonly position: number;
}

/**
 * Why `text`, which `JSON.parse` refuses, is no JSON. Browsers tell this each in their own words, and for short texts without
 * saying where.
 */
export function jsonFault(text: string): JsonFault {
  try {
    const reader = new Reader(text);
    reader.value();
    const rest = reader.next();
    return fault(rest, `${quoted(rest)} is not expected here`);
  } catch (thrown) {
    if (thrown instanceof Wrong) return thrown.fault;
    throw thrown;
  }
}

class Wrong extends Error {
  readonly fault: JsonFault;
  constructor(fault: JsonFault) {
    super(fault.why);
    this.fault = fault;
  }
}

const fault = ({ position }: Token, why: string): JsonFault => ({ position, why });
const quoted = ({ text }: Token): string => `"${[...text].slice(0, 20).join('')}"`;

class Reader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): Token {
    TOKEN.lastIndex = this.#position;
    const match = TOKEN.exec(this.#text);
    const [all = '', text, sign, word, open] = match ?? [];
    const shown = text ?? sign ?? word ?? open ?? '';
    const position = shown === '' ? this.#text.trimEnd().length : this.#position + all.length - shown.length;
    this.#position += all.length;
    if (open !== undefined) throw new Wrong({ position, why: 'A closing quote is missing' });
    const kind = text !== undefined ? 'text' : sign !== undefined ? 'sign' : word !== undefined ? 'word' : 'end';
    return { kind, text: shown, position };
  }

  value(token = this.next()): void {
    if (token.text === '{') return this.#members();
    if (token.text === '[') return this.#items();
    if (token.kind === 'text') return this.#string(token);
    if (token.kind === 'end') throw new Wrong(fault(token, 'The JSON ends too early: a value is missing'));
    if (token.text.startsWith("'")) throw new Wrong(fault(token, 'Text stands in double quotes: "…"'));
    if (token.kind === 'sign' || !VALUE.test(token.text))
      throw new Wrong(fault(token, `A value is expected here, not ${quoted(token)}`));
  }

  #string(token: Token): void {
    try {
      JSON.parse(token.text);
    } catch {
      throw new Wrong(fault(token, 'A backslash in a text is written as \\\\'));
    }
  }

  #members(): void {
    for (let token = this.next(), isFirst = true; ; token = this.next(), isFirst = false) {
      if (isFirst && token.text === '}') return;
      this.#key(token);
      const colon = this.next();
      if (colon.text !== ':') throw this.#instead(colon, 'A ":" is expected here', '}');
      this.value();
      if (this.#isLast('}')) return;
    }
  }

  #key(token: Token): void {
    if (token.kind === 'text') return this.#string(token);
    if (token.text === '}') throw new Wrong(fault(token, 'There is a comma too many before "}"'));
    if (token.text.startsWith("'")) throw new Wrong(fault(token, 'Text stands in double quotes: "…"'));
    if (token.kind === 'word') throw new Wrong(fault(token, 'A key stands in double quotes: "key"'));
    throw this.#instead(token, 'A key is expected here', '}');
  }

  #items(): void {
    for (let token = this.next(), isFirst = true; ; token = this.next(), isFirst = false) {
      if (token.text === ']' && isFirst) return;
      if (token.text === ']') throw new Wrong(fault(token, 'There is a comma too many before "]"'));
      this.value(token);
      if (this.#isLast(']')) return;
    }
  }

  #isLast(end: '}' | ']'): boolean {
    const token = this.next();
    if (token.text === end && token.kind === 'sign') return true;
    if (token.text === ',') return false;
    throw this.#instead(token, `A "," or a "${end}" is expected here`, end);
  }

  #instead(token: Token, expected: string, end: string): Wrong {
    if (token.kind === 'end') return new Wrong(fault(token, `The JSON ends too early: a "${end}" is missing`));
    return new Wrong(fault(token, `${expected}, not ${quoted(token)}`));
  }
}
