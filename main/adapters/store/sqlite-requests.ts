import type { ErrorCode } from '../../../shared/errors.ts';
import type { AuditQuery, AuditRow, Change, LogRow, MessageQuery, StoreState } from '../../core/ports.ts';

/** What the face asks the store's thread, one at a time. */
export type StoreRequest =
  | { readonly type: 'open' }
  /** One transaction, of all that was committed since the last one. */
  | { readonly type: 'commit'; readonly changes: readonly Change[] }
  | { readonly type: 'messages'; readonly query: MessageQuery }
  | { readonly type: 'audit'; readonly query: AuditQuery }
  | { readonly type: 'close' };

/** What each request is answered with. */
export interface StoreAnswers {
  readonly open: StoreState;
  readonly commit: undefined;
  readonly messages: readonly LogRow[];
  readonly audit: readonly AuditRow[];
  readonly close: undefined;
}

/** An error loses its class on the way between threads: its code and its sentence travel. */
export type StoreReply =
  | { readonly ok: true; readonly answer: StoreAnswers[keyof StoreAnswers] }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };
