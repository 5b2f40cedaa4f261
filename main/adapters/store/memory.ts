import { InterMachineError } from '../../../shared/errors.ts';
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
  Store,
  StoredChange,
  StoreState,
  Stream,
} from '../../core/ports.ts';
import { MemoryDisk } from './memory-disk.ts';

interface PendingCommit {
  readonly changes: readonly StoredChange[];
  resolve(): void;
  reject(reason: InterMachineError): void;
}

/**
 * A store that lasts as long as its disk object: for nodes without a data directory, and for simulations. It keeps no
 * time of its own: a commit is carried out as soon as the present synchronous work is done.
 */
export class MemoryStore implements Store {
  readonly #disk: MemoryDisk;
  #isOpen = false;
  #queue: PendingCommit[] = [];
  #failure: InterMachineError | undefined;

  /** Handed the disk of an earlier store, it finds what that one committed: a node that was restarted. */
  constructor(disk: MemoryDisk = new MemoryDisk()) {
    this.#disk = disk;
  }

  async open(): Promise<StoreState> {
    if (this.#disk.holder !== undefined && this.#disk.holder !== this)
      throw new InterMachineError('DATA_DIR_LOCKED', 'Another store uses this memory. Close it, or let it crash');
    this.#disk.holder = this;
    this.#isOpen = true;
    await this.#settled();
    return this.#disk.state();
  }

  commit(changes: readonly StoredChange[]): Promise<void> {
    if (!this.#isOpen) return Promise.reject(notOpen());
    return new Promise((resolve, reject) => {
      this.#queue.push({ changes, resolve, reject });
      if (this.#queue.length === 1) queueMicrotask(() => this.#work());
    });
  }

  async messages(query: MessageQuery): Promise<readonly LogRow[]> {
    if (!this.#isOpen) throw notOpen();
    await this.#settled();
    return this.#disk.messages(query);
  }

  async audit(query: AuditQuery): Promise<readonly AuditRow[]> {
    if (!this.#isOpen) throw notOpen();
    await this.#settled();
    return this.#disk.audit(query);
  }

  async backupTo(file: string): Promise<never> {
    throw new InterMachineError('BACKUP_FAILED', `${file}: this node keeps nothing, so there is nothing to back up`);
  }

  async deadLetters(query: DeadLetterQuery): Promise<readonly DeadLetter[]> {
    if (!this.#isOpen) throw notOpen();
    await this.#settled();
    return this.#disk.deadLetters(query);
  }

  async journal(query: JournalQuery): Promise<readonly JournalRow[]> {
    if (!this.#isOpen) throw notOpen();
    await this.#settled();
    return this.#disk.journal.rows(query);
  }

  async journalSnapshot(machine: MachineId, seq: number): Promise<JournalSnapshot | undefined> {
    if (!this.#isOpen) throw notOpen();
    await this.#settled();
    return this.#disk.journal.snapshot(machine, seq);
  }

  async texts(of: Stream, first: number, last: number): Promise<readonly string[]> {
    if (!this.#isOpen) throw notOpen();
    await this.#settled();
    return this.#disk.texts(of, first, last);
  }

  /** It has the memory of the machine. */
  readonly isTight = false;
  readonly searchBehind = 0;

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#settled();
    if (!this.#isOpen) this.#letGo();
  }

  /** For tests: the next commit fails, and all that is queued behind it. */
  failNext(code: 'STORE_FULL' | 'STORE_FAILED' | 'STORE_BROKEN'): void {
    this.#failure = new InterMachineError(code, 'This commit was told to fail');
  }

  /** For tests: as if the process was killed. What is queued never happens, and nobody hears of it again. */
  crash(): void {
    this.#isOpen = false;
    this.#queue = [];
    this.#letGo();
  }

  #letGo(): void {
    if (this.#disk.holder === this) this.#disk.holder = undefined;
  }

  /** Everything that was committed before is done: its turn came first. */
  #settled(): Promise<void> {
    return Promise.resolve();
  }

  #work(): void {
    const queue = this.#queue;
    this.#queue = [];
    let failure = this.#failure;
    if (queue.length > 0) this.#failure = undefined;
    for (const { changes, resolve, reject } of queue) {
      failure ??= this.#failureOf(changes);
      if (failure === undefined) resolve();
      else reject(failure);
    }
  }

  #failureOf(changes: readonly StoredChange[]): InterMachineError | undefined {
    try {
      this.#disk.apply(changes);
      return undefined;
    } catch (cause) {
      return new InterMachineError('STORE_FAILED', 'Nothing of this commit was stored', { cause });
    }
  }
}

const notOpen = () => new InterMachineError('STORE_FAILED', 'The store is not open');
