import { createContext, useContext, useMemo } from 'react';
import type { Address, NodeId } from '../../../../shared/ids.ts';
import { useNetwork } from '../../network.tsx';
import { Text } from '../../parts/text.tsx';
import { endOf } from './message-filter.ts';

/** Node id → its name. */
const Names = createContext<ReadonlyMap<string, string>>(new Map());
export const NodeNames = Names;

/** Stays the same while no name changes, so that rows need not be drawn again. */
export function useNodeNames(): ReadonlyMap<string, string> {
  const { node, peers } = useNetwork();
  const text = JSON.stringify([...(node ? [node] : []), ...(peers ?? [])].map(({ id, name }) => [id, name]));
  return useMemo(() => new Map<NodeId, string>(JSON.parse(text)), [text]);
}

/** One end of an envelope: its machine, and in small on which node. */
export function End({ address }: { readonly address: Address }) {
  const names = useContext(Names);
  const { node, machine } = endOf(address);
  return (
    <span className="end">
      {machine === '$node' ? <span className="muted">node</span> : <Text length={60}>{machine}</Text>}
      <Text className="end-node muted" length={24} empty="">
        {names.get(node) ?? node.slice(0, 8)}
      </Text>
    </span>
  );
}
