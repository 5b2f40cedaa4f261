import type { Database } from 'better-sqlite3';
import { InterMachineError } from '../../../shared/errors.ts';
import { JournalReader } from './journal-table.ts';
import { LogReader } from './log-reader.ts';
import type { SearchIndex } from './search-index.ts';
import { orCorrupt } from './sqlite-errors.ts';
import type { StoreAnswers, StoreRequest } from './sqlite-requests.ts';

/** Answers what is asked of log, dead letters and journals, on the connection of whichever thread. */
export class Reading {
  readonly #file: string;
  readonly #log: LogReader;
  readonly #journal: JournalReader;

  constructor(file: string, db: Database, search?: SearchIndex) {
    this.#file = file;
    this.#log = new LogReader(db, search);
    this.#journal = new JournalReader(db);
  }

  /** Throws STORE_CORRUPT, and JOURNAL_DAMAGED for a snapshot. */
  answer<Type extends StoreRequest['type']>(request: StoreRequest & { readonly type: Type }): StoreAnswers[Type];
  answer(request: StoreRequest): StoreAnswers[StoreRequest['type']] {
    return orCorrupt(this.#file, () => this.#answer(request));
  }

  #answer(request: StoreRequest): StoreAnswers[StoreRequest['type']] {
    switch (request.type) {
      case 'messages':
        return this.#log.messages(request.query);
      case 'deadLetters':
        return this.#log.deadLetters(request.query);
      case 'texts':
        return this.#log.texts(request.of, request.first, request.last);
      case 'journal':
        return this.#journal.rows(request.query);
      case 'journalSnapshot':
        return this.#journal.snapshot(request.machine, request.seq);
      default:
        throw new InterMachineError('STORE_FAILED', `this thread knows no ${request.type}`);
    }
  }
}
