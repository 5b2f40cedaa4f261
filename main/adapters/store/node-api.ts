import { InterMachineError } from '../../../shared/errors.ts';

/** better-sqlite3 13 is built for Node-API 10, which Node has since 22.14. */
const NEEDED_NODE_API = 10;

/**
 * Throws NODE_TOO_OLD where better-sqlite3 cannot run. To be asked before it is loaded: an older Node does not refuse
 * it, the process ends in a segmentation fault without a word.
 */
export function requireNodeApi(version: string | undefined = process.versions.napi): void {
  if (Number(version ?? 0) >= NEEDED_NODE_API) return;
  throw new InterMachineError(
    'NODE_TOO_OLD',
    `Node ${process.versions.node} cannot run the message store: Node 22.14 or newer is needed`,
  );
}
