import type { PeerView, TrustView } from '../../shared/api.ts';
import { InterMachineError } from '../../shared/errors.ts';
import { isNodeId, type NodeId } from '../../shared/ids.ts';
import { firstOf, type RunningNode } from './running-node.ts';
import { plain } from './text.ts';

/** Characters of an id that name a node where they are enough to tell it from the others. */
const SHORTEST_ID = 6;

export interface NamedNode {
  readonly id: NodeId;
  readonly name: string;
}

/** Another node: any by its whole id, those that the running one knows by the beginning of it or their name, too. Throws NODE_UNKNOWN. */
export async function whichNode(node: RunningNode, text: string): Promise<NamedNode> {
  const known = nodesIn(await firstOf(node.stream('peers', {})), await firstOf(node.stream('trust', {})));
  const wanted = text.replace(/[\s…]/g, '');
  const found = [...known.values()].filter(
    ({ id, name }) => name === text || (wanted.length >= SHORTEST_ID && id.startsWith(wanted)),
  );
  const [only, ...more] = found;
  if (!only && isNodeId(wanted)) return { id: wanted, name: '' };
  if (!only) throw new InterMachineError('NODE_UNKNOWN', `No node "${plain(text)}" is known. See: intermachine peers`);
  if (more.length > 0)
    throw new InterMachineError(
      'NODE_UNKNOWN',
      `Several nodes are meant by "${plain(text)}": ${found.map(({ id }) => id).join(', ')}. Say which by its id.`,
    );
  return only;
}

function nodesIn(peers: readonly PeerView[], { strangers, trusted, blocked }: TrustView): Map<NodeId, NamedNode> {
  return new Map([...trusted, ...blocked, ...strangers, ...peers].map(({ id, name }) => [id, { id, name }]));
}
