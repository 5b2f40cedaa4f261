import { InterMachineError } from '../../../shared/errors.ts';
import { isName, isNodeId, type NodeId, shorten } from '../../../shared/ids.ts';
import { utf8Length } from '../../../shared/utf8.ts';
import { PROTOCOL_VERSION } from '../../core/defaults.ts';
import type { Announcement } from '../../core/ports.ts';

/** Bytes. One TXT string holds at most 255 (RFC 6763, 6.1); a longer one makes the whole packet unreadable for everybody. */
export const MAX_TXT_STRING_BYTES = 255;
/** Bytes of all type strings: with the rest of the announcement they stay in one Ethernet frame. */
export const MAX_TYPES_BYTES = 600;
/** Bytes. As long as a DNS label, so that a name can become one. */
export const MAX_NAME_BYTES = 63;
/** Bytes of a digest with its encoding; far more than any we make. */
export const MAX_NAMESPACE_BYTES = 64;
/** Bytes of a whole TXT record that is still read: ours have at most 900. */
export const MAX_TXT_BYTES = 1_300;

/** What a node says about itself in its TXT record. */
export interface TxtContent {
  readonly node: NodeId;
  /** Version of the protocol that it speaks. */
  readonly protocol: number;
  /** Text of a stranger, without control characters. */
  readonly name?: string;
  readonly incarnation: number;
  readonly revision: number;
  readonly namespace: string;
  /** Missing where there are too many to be written down. */
  readonly types?: readonly string[];
}

/**
 * The strings `v`, `id`, `name`, `inc`, `rev`, `ns`, and the types: `t=First,Second`, going on in `t2`, `t3` … where one string is full.
 * Types of more than 600 bytes are not written at all, only their number: `n=<count>`.
 * Throws CONFIG_INVALID for what could not be written so that everybody can read it.
 */
export function encodeTxt(self: Announcement): Buffer[] {
  if (utf8Length(self.namespace) > MAX_NAMESPACE_BYTES)
    throw new InterMachineError(
      'CONFIG_INVALID',
      `The namespace digest "${shorten(self.namespace)}" is longer than ${MAX_NAMESPACE_BYTES} bytes and cannot be announced`,
    );
  return [
    `v=${PROTOCOL_VERSION}`,
    `id=${self.node}`,
    `name=${cutToBytes(self.name, MAX_NAME_BYTES)}`,
    `inc=${self.incarnation}`,
    `rev=${self.revision}`,
    `ns=${self.namespace}`,
    ...typeStrings(self.types),
  ].map((text) => Buffer.from(text));
}

function typeStrings(types: readonly string[]): string[] {
  const wrong = types.find((type) => !isName(type));
  if (wrong !== undefined)
    throw new InterMachineError('CONFIG_INVALID', `"${shorten(wrong)}" is not a machine type and cannot be announced`);
  const strings: string[] = [];
  let last = '';
  for (const type of types) {
    const longer = last === '' ? `${typesKey(0)}=${type}` : `${last},${type}`;
    if (last !== '' && utf8Length(longer) > MAX_TXT_STRING_BYTES) {
      strings.push(last);
      last = `${typesKey(strings.length)}=${type}`;
    } else last = longer;
  }
  if (last !== '') strings.push(last);
  const bytes = strings.reduce((sum, text) => sum + utf8Length(text) + 1, 0);
  return bytes <= MAX_TYPES_BYTES ? strings : [`n=${types.length}`];
}

const typesKey = (index: number): string => (index === 0 ? 't' : `t${index + 1}`);

/** The longest beginning of `text` that has at most `bytes` bytes and cuts no character in two. */
function cutToBytes(text: string, bytes: number): string {
  let cut = '';
  let used = 0;
  for (const character of text) {
    used += utf8Length(character);
    if (used > bytes) break;
    cut += character;
  }
  return cut;
}

/** Undefined unless every string of a stranger's TXT record is as this protocol writes it. Keys that we do not know are left alone. */
export function decodeTxt(strings: readonly Uint8Array[]): TxtContent | undefined {
  const values = decodeStrings(strings);
  if (!values) return;
  const node = values.get('id');
  const incarnation = wholeNumber(values.get('inc'));
  const revision = wholeNumber(values.get('rev'));
  const namespace = values.get('ns');
  const name = values.get('name') ?? '';
  const types = values.has('n') ? undefined : decodeTypes(values);
  // Another version may sit at the other end: who dials it is told so by its `hello`.
  const protocol = wholeNumber(values.get('v'));
  if (!isNodeId(node) || incarnation === undefined || revision === undefined || namespace === undefined) return;
  if (protocol === undefined) return;
  if (utf8Length(name) > MAX_NAME_BYTES || types === 'invalid') return;
  const readable = name.replace(/\p{C}/gu, '\uFFFD');
  return {
    node,
    protocol,
    incarnation,
    revision,
    namespace,
    ...(readable && { name: readable }),
    ...(types && { types }),
  };
}

function decodeStrings(strings: readonly Uint8Array[]): Map<string, string> | undefined {
  const values = new Map<string, string>();
  let bytes = 0;
  for (const string of strings) {
    bytes += string.length + 1;
    if (bytes > MAX_TXT_BYTES) return;
    if (string.length === 0) continue;
    const text = decodeUtf8(string);
    const equals = text?.indexOf('=') ?? -1;
    if (text === undefined || equals < 1) return;
    // Keys are case-insensitive (RFC 6763, 6.4).
    const key = text.slice(0, equals).toLowerCase();
    if (values.has(key)) return;
    values.set(key, text.slice(equals + 1));
  }
  return values;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return;
  }
}

function decodeTypes(values: ReadonlyMap<string, string>): readonly string[] | 'invalid' {
  const types: string[] = [];
  for (let index = 0; ; index++) {
    const list = values.get(typesKey(index));
    if (list === undefined) break;
    types.push(...list.split(','));
  }
  return types.every(isName) ? [...new Set(types)] : 'invalid';
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
