import { createContext, type ReactNode, useContext, useMemo } from 'react';
import type { FilesItem, MachinesItem, MachineView, NodeView, PeerView, TrustView } from '../../shared/api.ts';
import type { InterMachineError } from '../../shared/errors.ts';
import type { Address } from '../../shared/ids.ts';
import { useCall, useStream } from './node-link.tsx';

/** What every page knows of the network. Missing parts did not arrive yet. */
export interface Network {
  readonly node?: NodeView;
  readonly peers?: readonly PeerView[];
  readonly machines?: ReadonlyMap<Address, MachineView>;
  readonly files?: FilesItem;
  readonly trust?: TrustView;
  readonly error?: InterMachineError;
}

const Context = createContext<Network>({});
const NOTHING = {};

/** Reads node, peers, machines, files and trust once for all pages, so that a page is there at once when one comes back to it. */
export function NetworkProvider({ children }: { readonly children: ReactNode }) {
  const node = useCall('node', NOTHING);
  const peers = useStream('peers', NOTHING, newest<readonly PeerView[]>, undefined);
  const machines = useStream('machines', NOTHING, withChanges, undefined);
  const files = useStream('files', NOTHING, newest<FilesItem>, undefined);
  const trust = useStream('trust', NOTHING, newest<TrustView>, undefined);
  const error = node.error ?? peers.error ?? machines.error ?? files.error ?? trust.error;
  const network = useMemo<Network>(
    () => ({
      ...(node.value && { node: node.value }),
      ...(peers.value && { peers: peers.value }),
      ...(machines.value && { machines: machines.value }),
      ...(files.value && { files: files.value }),
      ...(trust.value && { trust: trust.value }),
      ...(error && { error }),
    }),
    [node.value, peers.value, machines.value, files.value, trust.value, error],
  );
  return <Context value={network}>{children}</Context>;
}

export const useNetwork = (): Network => useContext(Context);

/** Whether this page may do more than look, as far as it is known. The node decides. */
export const useMayAct = (): boolean => useNetwork().node?.mayAct !== false;

const newest = <Item,>(_: Item | undefined, item: Item): Item => item;

function withChanges(
  machines: ReadonlyMap<Address, MachineView> | undefined,
  { changed, removed }: MachinesItem,
  first: boolean,
): ReadonlyMap<Address, MachineView> {
  const next = new Map(first ? [] : machines);
  for (const address of removed) next.delete(address);
  for (const machine of changed) next.set(machine.address, machine);
  return next;
}
