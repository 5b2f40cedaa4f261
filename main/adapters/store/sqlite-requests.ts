import type { ErrorCode } from '../../../shared/errors.ts';
import type { MachineId } from '../../../shared/ids.ts';
import type {
  AuditQuery,
  AuditRow,
  DeadLetter,
  DeadLetterQuery,
  JournalQuery,
  JournalRow,
  JournalSnapshot,
  LogRow,
  MessageQuery,
  StoredChange,
  StoreState,
  Stream,
} from '../../core/ports.ts';

/** Of the reader, or of the writer where there can be no reader. */
type ReadingRequest =
  | { readonly type: 'messages'; readonly query: MessageQuery }
  | { readonly type: 'deadLetters'; readonly query: DeadLetterQuery }
  | { readonly type: 'texts'; readonly of: Stream; readonly first: number; readonly last: number }
  | { readonly type: 'journal'; readonly query: JournalQuery }
  | { readonly type: 'journalSnapshot'; readonly machine: MachineId; readonly seq: number };

/** What the face asks the store's threads, each of them one thing at a time. */
export type StoreRequest =
  | ReadingRequest
  // Of the writer
  | { readonly type: 'open' }
  /** One transaction, of all that was committed since the last one. */
  | { readonly type: 'commit'; readonly changes: readonly StoredChange[] }
  | { readonly type: 'maintain' }
  /** Whether the database is still at its place. */
  | { readonly type: 'look' }
  | { readonly type: 'audit'; readonly query: AuditQuery }
  // Of the reader
  | { readonly type: 'index' }
  | { readonly type: 'copy'; readonly target: string }
  | { readonly type: 'close' };

/** What each request is answered with. */
export interface StoreAnswers {
  readonly open: { readonly state: StoreState; readonly isShared: boolean; readonly rows: number };
  /** Whether the room for more is nearly used up. */
  readonly commit: boolean;
  /** Whether there is more to do. */
  readonly maintain: boolean;
  readonly look: undefined;
  readonly messages: readonly LogRow[];
  readonly audit: readonly AuditRow[];
  readonly deadLetters: readonly DeadLetter[];
  readonly texts: readonly string[];
  readonly journal: readonly JournalRow[];
  readonly journalSnapshot: JournalSnapshot | undefined;
  /** Rows that are left. */
  readonly index: number;
  readonly copy: undefined;
  readonly close: undefined;
}

/** An error loses its class on the way between threads: its code and its sentence travel. */
export type StoreReply =
  | { readonly ok: true; readonly answer: StoreAnswers[keyof StoreAnswers] }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };
