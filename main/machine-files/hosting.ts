import type { FileProblem } from '../../shared/api.ts';
import type { HostedDefinition } from './definition.ts';

/** What happened to a file, and what became of an order. */
export type Fact =
  | {
      readonly type: 'added' | 'changed';
      readonly file: string;
      readonly definition: HostedDefinition;
      readonly problems: readonly FileProblem[];
    }
  | { readonly type: 'failed'; readonly file: string; readonly problems: readonly FileProblem[] }
  | { readonly type: 'removed'; readonly file: string }
  | { readonly type: 'registered'; readonly file: string; readonly id: string }
  | { readonly type: 'replaced'; readonly file: string; readonly id: string; readonly note: string }
  | { readonly type: 'unregistered'; readonly file: string; readonly id: string }
  /** An order could not be carried out. */
  | { readonly type: 'refused'; readonly file: string; readonly problem: FileProblem };

/** What is to be done on the node, one after the other. */
export type Order =
  | { readonly type: 'register'; readonly file: string; readonly definition: HostedDefinition }
  | { readonly type: 'replace'; readonly file: string; readonly id: string; readonly definition: HostedDefinition }
  | { readonly type: 'unregister'; readonly file: string; readonly id: string };

/** A file, and what runs of it. */
export interface HostedFile {
  /** What runs; missing where the file never was right. */
  readonly definition?: HostedDefinition;
  /** Ids of its machines. */
  readonly machines: readonly string[];
  /** What is wrong with the file as it is now. */
  readonly problems: readonly FileProblem[];
  /** How its machines took the last change: one sentence for each. */
  readonly notes: readonly string[];
}

const NEW: HostedFile = { machines: [], problems: [], notes: [] };

/** Decides what runs on the node from what the files say. It does nothing itself. */
export class Hosting {
  readonly #files = new Map<string, HostedFile>();

  get files(): ReadonlyMap<string, HostedFile> {
    return this.#files;
  }

  step(fact: Fact): readonly Order[] {
    const { file } = fact;
    const before = this.#files.get(file);
    switch (fact.type) {
      case 'added':
      case 'changed':
        this.#files.set(file, { ...(before ?? NEW), definition: fact.definition, problems: fact.problems, notes: [] });
        return ordersFor(file, before ?? NEW, fact.definition);
      case 'failed':
        // What runs goes on as it was.
        this.#files.set(file, { ...(before ?? NEW), problems: fact.problems });
        return [];
      case 'removed':
        this.#files.delete(file);
        return (before?.machines ?? []).map((id) => ({ type: 'unregister', file, id }));
      case 'registered':
        return this.#change(file, (now) => ({ machines: [...now.machines, fact.id] }));
      case 'replaced':
        return this.#change(file, (now) => ({ notes: [...now.notes, fact.note] }));
      case 'unregistered':
        return this.#change(file, (now) => ({ machines: now.machines.filter((id) => id !== fact.id) }));
      case 'refused':
        return this.#change(file, (now) => ({ problems: [...now.problems, fact.problem] }));
    }
  }

  #change(file: string, change: (now: HostedFile) => Partial<HostedFile>): readonly Order[] {
    const now = this.#files.get(file);
    if (now) this.#files.set(file, { ...now, ...change(now) });
    return [];
  }
}

/** As many machines as it says, of what it says; those that there are keep their ids as long as their type stays. */
function ordersFor(file: string, before: HostedFile, definition: HostedDefinition): readonly Order[] {
  const isSameType = before.definition?.type === definition.type;
  const kept = isSameType ? before.machines.slice(0, definition.instances) : [];
  const surplus = before.machines.filter((id) => !kept.includes(id));
  const missing = definition.instances - kept.length;
  return [
    ...surplus.map((id) => ({ type: 'unregister', file, id }) as const),
    ...kept.map((id) => ({ type: 'replace', file, id, definition }) as const),
    ...Array.from({ length: missing }, () => ({ type: 'register', file, definition }) as const),
  ];
}
