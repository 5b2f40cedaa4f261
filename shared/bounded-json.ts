/** JSON text of anything, never longer than about `limit` characters: what a person looks at, not what a program reads back. */
export function boundedJson(value: unknown, limit: number): { readonly text: string; readonly isCut: boolean } {
  const writer = new Writer(limit);
  writer.write(value, new Set());
  return { text: writer.text, isCut: writer.isCut };
}

class Writer {
  text = '';
  isCut = false;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get #isFull(): boolean {
    return this.text.length >= this.#limit;
  }

  /** Whatever cannot be written as JSON becomes a text in pointed brackets. `above` are the objects that contain this one. */
  write(value: unknown, above: Set<object>): void {
    if (typeof value !== 'object' || value === null) this.#writeLeaf(value);
    else if (above.has(value)) this.#writeText('<itself>');
    else if (isActorRef(value)) this.#writeText(`<actor ${value.id}>`);
    else {
      above.add(value);
      if (value instanceof Map || value instanceof Set || Array.isArray(value)) this.#writeItems([...value], above);
      else if (value instanceof Date)
        this.#writeText(Number.isNaN(value.getTime()) ? '<invalid date>' : value.toISOString());
      else if (value instanceof Error) this.#writeText(`<${value.name}: ${value.message}>`);
      else this.#writeProperties(value, above);
      above.delete(value);
    }
  }

  #writeLeaf(value: unknown): void {
    if (typeof value === 'string') this.#writeText(value);
    else if (typeof value === 'boolean' || value === null || Number.isFinite(value)) this.text += String(value);
    else
      this.#writeText(
        value === undefined ? '<undefined>' : typeof value === 'function' ? '<function>' : `<${String(value)}>`,
      );
  }

  #writeText(text: string): void {
    const room = Math.max(0, this.#limit - this.text.length);
    if (text.length > room) this.isCut = true;
    this.text += JSON.stringify(text.length > room ? `${text.slice(0, room)}…` : text);
  }

  #writeItems(items: readonly unknown[], above: Set<object>): void {
    this.text += '[';
    for (const [index, item] of items.entries()) {
      if (index > 0) this.text += ',';
      if (this.#isFull) {
        this.#cut(items.length - index);
        break;
      }
      this.write(item, above);
    }
    this.text += ']';
  }

  #writeProperties(value: object, above: Set<object>): void {
    this.text += '{';
    const keys = Object.keys(value);
    for (const [index, key] of keys.entries()) {
      if (index > 0) this.text += ',';
      if (this.#isFull) {
        this.text += '"…":';
        this.#cut(keys.length - index);
        break;
      }
      this.text += `${JSON.stringify(key.slice(0, 200))}:`;
      this.write(readProperty(value, key), above);
    }
    this.text += '}';
  }

  #cut(left: number): void {
    this.isCut = true;
    this.text += JSON.stringify(`… ${left} more`);
  }
}

/** A getter may throw, and looking must not. */
function readProperty(value: object, key: string): unknown {
  try {
    return (value as Readonly<Record<string, unknown>>)[key];
  } catch {
    return '<unreadable>';
  }
}

const isActorRef = (value: object): value is { readonly id: string } =>
  'sessionId' in value && 'id' in value && 'send' in value;
