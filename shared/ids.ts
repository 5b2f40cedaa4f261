import { InterMachineError } from './errors.ts';

/** One node, stable across restarts: the hash of its public key, 52 lower-case base32 characters. */
export type NodeId = string & { readonly __nodeId: never };
/** One machine, unique on its node: 1 to 50 characters. */
export type MachineId = string & { readonly __machineId: never };
/** Where an event can be sent: `im://<node id>/<machine id>`. */
export type Address = string & { readonly __address: never };

const NODE_ID = /^[a-z2-7]{52}$/;
const SCHEME = 'im://';
/** Characters. Long enough for `<type>_<n>` of every sensible type, short enough to read in a table. */
export const MAX_NAME_LENGTH = 50;

/** What is written for a sender that is the node itself, not one of its machines. */
export const NODE_MACHINE_ID = '$node' as MachineId;

/** Throws ADDRESS_INVALID unless `text` is 52 base32 characters. */
export function nodeId(text: string): NodeId {
  if (!isNodeId(text))
    throw new InterMachineError(
      'ADDRESS_INVALID',
      `"${shorten(text)}" is not a node id: 52 characters of a-z and 2-7 are expected`,
    );
  return text;
}

export const isNodeId = (text: unknown): text is NodeId => typeof text === 'string' && NODE_ID.test(text);

/** Throws MACHINE_ID_INVALID unless `text` can name a machine. */
export function machineId(text: string): MachineId {
  if (!isMachineId(text) || text.startsWith('$'))
    throw new InterMachineError('MACHINE_ID_INVALID', `"${shorten(text)}" is not a machine id: ${NAME_RULE}`);
  return text;
}

export const isMachineId = (text: unknown): text is MachineId => isName(text);

/** Throws MACHINE_TYPE_INVALID unless `text` can name a machine type. */
export function machineType(text: string): string {
  if (!isName(text))
    throw new InterMachineError('MACHINE_TYPE_INVALID', `"${shorten(text)}" is not a machine type: ${NAME_RULE}`);
  return text;
}

const NAME_RULE = `1 to ${MAX_NAME_LENGTH} characters are expected, with no space, control character, "/", "*", "?", "," or quote, and no "$" in front`;
const NAME = /^[^\p{C}\p{Z}/*?,"'`]+$/u;

/** Names of machines and types: what a person can read in a table, a wildcard can match and a URL can carry. */
export const isName = (text: unknown): text is string =>
  typeof text === 'string' && text.length > 0 && text.length <= MAX_NAME_LENGTH && NAME.test(text);

export const addressOf = (node: NodeId, machine: MachineId): Address => `${SCHEME}${node}/${machine}` as Address;

export interface ParsedAddress {
  readonly node: NodeId;
  readonly machine: MachineId;
}

export const isAddress = (text: string): text is Address => text.startsWith(SCHEME);

/** Throws ADDRESS_INVALID. */
export function parseAddress(text: string): ParsedAddress {
  const slash = text.indexOf('/', SCHEME.length);
  const node = text.slice(SCHEME.length, slash);
  const machine = text.slice(slash + 1);
  if (!isAddress(text) || slash < 0 || !isNodeId(node) || !isMachineId(machine)) {
    throw new InterMachineError(
      'ADDRESS_INVALID',
      `"${shorten(text)}" is not an address: im://<node id>/<machine id> is expected`,
    );
  }
  return { node, machine };
}

/** The parts of an address that was checked before. They are asked for several times for each event, and mostly of the same few. */
export function partsOf(address: Address): ParsedAddress {
  const known = takenApart.get(address);
  if (known) return known;
  const parts = {
    node: address.slice(SCHEME.length, SCHEME.length + NODE_ID_LENGTH) as NodeId,
    machine: address.slice(SCHEME.length + NODE_ID_LENGTH + 1) as MachineId,
  };
  if (takenApart.size === MAX_TAKEN_APART) takenApart.clear();
  takenApart.set(address, parts);
  return parts;
}
const NODE_ID_LENGTH = 52;
const MAX_TAKEN_APART = 1_000;
const takenApart = new Map<Address, ParsedAddress>();

/** Enough of an unknown text to recognise it, never enough to fill a screen or steer a terminal. */
export const shorten = (text: unknown, length = 60): string =>
  String(text)
    .replace(/[\p{C}]/gu, '\uFFFD')
    .slice(0, length);
