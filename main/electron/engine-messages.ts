import type { ErrorCode } from '../../shared/errors.ts';
import type { EngineOptions } from './engine-options.ts';

// What shell and engine tell each other. The dashboard's calls do not come this way: they have a port of their own.

export type ToEngine =
  | { readonly type: 'START'; readonly options: EngineOptions }
  /** With a port to a page. */
  | { readonly type: 'CONNECT' }
  | { readonly type: 'STOP' };

export type FromEngine =
  | { readonly type: 'READY'; readonly name: string }
  | { readonly type: 'PEERS'; readonly alive: number }
  /** The node could not start; trying again will not help by itself. */
  | { readonly type: 'FAILED'; readonly code: ErrorCode; readonly message: string };
