import { type NodeId, parseAddress } from '../../../shared/ids.ts';
import type { NewLogRow } from '../../core/ports.ts';

/** The node at the other end of a logged envelope; our own where it never left. */
export function peerOf(row: Pick<NewLogRow, 'position' | 'direction' | 'from' | 'to'>): NodeId {
  return row.position?.peer ?? parseAddress(row.direction === 'in' ? row.from : row.to).node;
}
