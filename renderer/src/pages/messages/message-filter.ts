import type { MessageFilter, MessageView } from '../../../../shared/api.ts';
import { type Address, type MachineId, type NodeId, parseAddress } from '../../../../shared/ids.ts';

/** As in the page's address, so that it can be linked to. Empty: all. */
export interface Filters {
  readonly text: string;
  readonly type: string;
  readonly machine: string;
  readonly node: string;
}

export const filtersOf = (query: URLSearchParams): Filters => ({
  text: query.get('text') ?? '',
  type: query.get('type') ?? '',
  machine: query.get('machine') ?? '',
  node: query.get('node') ?? '',
});

/** The call's filter; what is empty is left out. */
export const asCallFilter = ({ text, type, machine, node }: Filters): Omit<MessageFilter, 'limit' | 'before'> => ({
  ...(text !== '' && { text }),
  ...(type !== '' && { eventType: type }),
  ...(machine !== '' && { machine: machine as MachineId }),
  ...(node !== '' && { node: node as NodeId }),
});

/** The same rule for live rows as the log has for older ones. */
export function wants({ text, type, machine, node }: Filters): (row: MessageView) => boolean {
  const wanted = lower(text);
  return (row) => {
    if (type !== '' && row.eventType !== type) return false;
    const ends = [endOf(row.from), endOf(row.to)];
    if (machine !== '' && !ends.some((end) => end.machine === machine)) return false;
    if (node !== '' && !ends.some((end) => end.node === node)) return false;
    return wanted === '' || lower(row.eventType).includes(wanted) || lower(row.eventJson).includes(wanted);
  };
}

/** The log takes A to Z and a to z for the same, and no other letters. */
const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** Node and machine of an address that may come from anywhere: what is no address is all machine. */
export function endOf(address: Address): { readonly node: string; readonly machine: string } {
  try {
    return parseAddress(address);
  } catch {
    return { node: '', machine: address };
  }
}
