import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { SqliteStore } from '../../main/adapters/store/sqlite.ts';
import type { DeadLetter } from '../../main/core/ports.ts';
import { type NodeId, nodeId, partsOf } from '../../shared/ids.ts';
import type { Member } from './cluster.ts';
import { startOf } from './numbers.ts';

/** What is left when everything healed and is quiet. */
export interface Audit {
  readonly accepted: number;
  /** Accepted, and neither in its receiver's log nor among its sender's dead letters. */
  readonly lost: number;
  readonly twice: number;
  /** In its receiver's log behind one that was sent later. */
  readonly reordered: number;
  /** Among the dead letters. */
  readonly dead: number;
  /** By their reasons, on the way out or in. */
  readonly reasons: Readonly<Record<string, number>>;
  /** In a log and not brought to an end by its machine. */
  readonly unhandled: number;
  /** In a log, not on the list of what was accepted, and not among the last that its sender's start had under way when it was killed. */
  readonly strange: number;
  /** Under an id that stands for another one in its sender's log. */
  readonly renamed: number;
  readonly integrity: string;
}

/** Of a row of the log what is looked at: there may be a million. */
interface Row {
  readonly id: string;
  readonly from: NodeId;
  readonly n: number;
  readonly isHandled: boolean;
}

interface Kept {
  readonly id: NodeId;
  readonly rows: readonly Row[];
  /** What its own log says that it sent, by id. */
  readonly sent: ReadonlyMap<string, number>;
  readonly letters: readonly DeadLetter[];
  readonly complaints: readonly string[];
}

const PAGE = 10_000;

/** Reads databases that nobody has open, and the lists of what was accepted. */
export async function audit(members: readonly Member[]): Promise<Audit> {
  const reading = members.map(async (member) => [member.name, await read(member)] as const);
  const kept = new Map(await Promise.all(reading));
  const reasons: Record<string, number> = {};
  for (const { letters } of kept.values())
    for (const { direction, reason } of letters)
      reasons[`${direction}: ${reason}`] = (reasons[`${direction}: ${reason}`] ?? 0) + 1;
  const complaints = [...kept].flatMap(([name, { complaints }]) => complaints.map((text) => `${name}: ${text}`));
  const sum = { accepted: 0, lost: 0, twice: 0, reordered: 0, dead: 0, unhandled: 0, strange: 0, renamed: 0 };
  for (const sender of members) {
    const accepted = acceptedBy(sender);
    const from = kept.get(sender.name);
    sum.dead += from?.letters.length ?? 0;
    for (const receiver of members) {
      if (receiver === sender) continue;
      const rows = (kept.get(receiver.name)?.rows ?? []).filter((row) => row.from === from?.id);
      const listed = accepted.get(receiver.name) ?? new Set<number>();
      const buried = new Set(
        (from?.letters ?? []).filter(({ to }) => to.endsWith(`/sink-${receiver.name}`)).map(numberOf),
      );
      const lastOf = lastOfStarts(listed);
      const seen = new Set<number>();
      let last = -1;
      for (const { id, n, isHandled } of rows) {
        if (seen.has(n)) sum.twice++;
        else if (n < last) sum.reordered++;
        if (!listed.has(n) && n < (lastOf.get(startOf(n)) ?? 0)) sum.strange++;
        if (!isHandled) sum.unhandled++;
        if ((from?.sent.get(id) ?? n) !== n) sum.renamed++;
        seen.add(n);
        last = Math.max(last, n);
      }
      sum.accepted += listed.size;
      for (const n of listed) if (!seen.has(n) && !buried.has(n)) sum.lost++;
    }
  }
  return { ...sum, reasons, integrity: complaints.length === 0 ? 'ok' : complaints.join('; ') };
}

const numberOf = ({ event }: { readonly event: unknown }): number => (event as { readonly n?: number }).n ?? Number.NaN;

/** The last number on the list, by start. */
function lastOfStarts(numbers: ReadonlySet<number>): ReadonlyMap<number, number> {
  const last = new Map<number, number>();
  for (const n of numbers) last.set(startOf(n), Math.max(n, last.get(startOf(n)) ?? 0));
  return last;
}

/** By receiver. A line without its end was being written when the process was killed, and so was not counted. */
function acceptedBy({ acceptedFile }: Member): Map<string, Set<number>> {
  const by = new Map<string, Set<number>>();
  const lines = existsSync(acceptedFile) ? readFileSync(acceptedFile, 'utf8').split('\n').slice(0, -1) : [];
  for (const line of lines) {
    const [name = '', n] = line.split(' ');
    const numbers = by.get(name) ?? new Set();
    by.set(name, numbers.add(Number(n)));
  }
  return by;
}

async function read({ dataDir }: Member): Promise<Kept> {
  const file = join(dataDir, 'node.db');
  const complaints: string[] = [];
  // By SQLite alone, so that what the store thinks of itself is not all there is.
  const db = new Database(file);
  const verdict = db.pragma('integrity_check', { simple: true });
  if (verdict !== 'ok') complaints.push(String(verdict));
  const id = nodeId(db.prepare<[], string>('SELECT node FROM meta').pluck().get() ?? '');
  db.close();

  const store = new SqliteStore({ file });
  const { problems, outbox } = await store.open();
  complaints.push(...problems);
  if (outbox.length > 0) complaints.push(`${outbox.length} envelopes wait in the outbox`);
  const rows: Row[] = [];
  const sent = new Map<string, number>();
  for (let after = 0, isLast = false; !isLast; ) {
    const page = await store.messages({ oldestFirst: true, limit: PAGE, after });
    for (const row of page) {
      const { id, from, status, direction } = row;
      const n = numberOf(row);
      if (direction === 'in') rows.push({ id, from: partsOf(from).node, n, isHandled: status === 'handled' });
      else if (direction === 'out') sent.set(id, n);
    }
    after = page.at(-1)?.place ?? after;
    isLast = page.length < PAGE;
  }
  if (rows.some(({ n }) => Number.isNaN(n))) complaints.push('a row of the log is not what was sent');
  const letters = await store.deadLetters({ limit: PAGE });
  await store.close();
  return { id, rows, sent, letters, complaints };
}
