import type { NodeId } from '../../shared/ids.ts';
import { KEY_OVERLAP_MS, MAX_LEFT_KEYS, MAX_REPLACED_KEYS, MAX_WITHOUT } from './defaults.ts';
import type { Clock, Connection, Identity, JudgedNode, NetworkKey, Proof, Role, TrustState } from './ports.ts';

export interface TrustParts {
  readonly identity: Identity;
  /** Anybody is let in, over lines with proven ids. */
  readonly open: boolean;
  readonly clock: Pick<Clock, 'wallTime'>;
  /** As an earlier start left it. */
  readonly stored: TrustState | undefined;
  /** The key that this start was set up with. */
  readonly configured: NetworkKey | undefined;
  /** Whether this node was let in before. */
  readonly isKnown: (node: NodeId) => boolean;
}

interface KeptKey {
  readonly key: NetworkKey;
  /** Wall clock; missing for the present one. */
  readonly replacedAt?: number;
}

const NOBODY: TrustState = { keys: [], left: [], without: [], trusted: [], blocked: [] };

/** Who may come in. It decides from what it remembers, and keeps nothing itself: whoever changes it stores `state`. */
export class Trust {
  readonly open: boolean;
  readonly #parts: TrustParts;
  /** The present one first. */
  #keys: readonly KeptKey[];
  #state: Omit<TrustState, 'keys'>;

  constructor(parts: TrustParts) {
    this.#parts = parts;
    this.open = parts.open;
    const { keys, ...state } = parts.stored ?? NOBODY;
    this.#state = state;
    this.#keys = keys.map(({ secret, replacedAt }) => ({
      key: parts.identity.readKey(secret),
      ...(replacedAt !== undefined && { replacedAt }),
    }));
    const { configured } = parts;
    // A key that was replaced or left since is not obeyed again only because it is still written down somewhere.
    const isOld = configured && (this.hasKey(configured.id) || state.left.includes(configured.id));
    if (configured && !isOld) this.move(configured);
  }

  /** As it must survive a restart. */
  get state(): TrustState {
    return { keys: this.#keys.map(({ key, ...rest }) => ({ secret: key.reveal(), ...rest })), ...this.#state };
  }

  get node(): NodeId {
    return this.#parts.identity.node;
  }

  /** Of our network; missing in an open one. */
  get key(): NetworkKey | undefined {
    return this.#keys[0]?.key;
  }

  /** Keys that were replaced and still let those in who were known before, and until when. */
  get replaced(): readonly { readonly keyId: string; readonly until: number }[] {
    return this.#valid.flatMap(({ key, replacedAt }) =>
      replacedAt === undefined ? [] : [{ keyId: key.id, until: replacedAt + KEY_OVERLAP_MS }],
    );
  }

  get trusted(): readonly JudgedNode[] {
    return this.#state.trusted;
  }

  get blocked(): readonly JudgedNode[] {
    return this.#state.blocked;
  }

  /** For its id alone. */
  trusts(node: NodeId): boolean {
    return this.#state.trusted.some(({ id }) => id === node);
  }

  isBlocked(node: NodeId): boolean {
    return this.#state.blocked.some(({ id }) => id === node);
  }

  // ---- At the door

  /** What we show: one for each key, since the peer may not have heard of the newest. */
  proofs(connection: Connection, role: Role): readonly Proof[] {
    return this.#valid.map(({ key }) => ({ keyId: key.id, mac: key.prove(connection, role) }));
  }

  /** Ids of those of our keys that the peer proved to have; `undefined` where it is not let in. */
  admit(connection: Connection, role: Role, proofs: readonly Proof[]): ReadonlySet<string> | undefined {
    const proven = this.#valid.filter(({ key }) =>
      proofs.some(({ keyId, mac }) => keyId === key.id && key.accepts(connection, role, mac)),
    );
    const keyIds = new Set(proven.map(({ key }) => key.id));
    return this.admits(connection.peer, keyIds) ? keyIds : undefined;
  }

  /** Whether a node that proved to have these keys may be in. */
  admits(node: NodeId, proven: ReadonlySet<string>): boolean {
    if (this.isBlocked(node)) return false;
    if (this.open || this.trusts(node)) return true;
    if (this.key && proven.has(this.key.id)) return true;
    const hasOldKey = this.#valid.some(({ key }) => proven.has(key.id));
    return hasOldKey && this.#parts.isKnown(node) && !this.#state.without.includes(node);
  }

  // ---- Changes

  /** A fresh key, or the one that another member tells, takes the place of ours, which is worth nothing for these nodes any more. */
  replaceKey(key: NetworkKey, without: readonly NodeId[] = []): void {
    const [present, ...older] = this.#valid;
    const now = this.#parts.clock.wallTime();
    const replaced = present ? [{ key: present.key, replacedAt: now }, ...older] : older;
    this.#keys = [{ key }, ...longestUsed(replaced.filter((kept) => kept.key.id !== key.id))];
    this.#set({ left: this.#state.left.filter((id) => id !== key.id) });
    this.shutOut(without);
  }

  /** Keys that were replaced are worth nothing for these nodes any more. Of too many, those go first that we never met. */
  shutOut(nodes: readonly NodeId[]): void {
    const all = [...new Set([...nodes, ...this.#state.without])];
    const [met, unmet] = [true, false].map((isMet) => all.filter((node) => this.#parts.isKnown(node) === isMet));
    this.#set({ without: [...(met ?? []), ...(unmet ?? [])].slice(0, MAX_WITHOUT) });
  }

  /** Nothing binds us to our present network any more. */
  move(key: NetworkKey): void {
    const gone = this.#keys.map((kept) => kept.key.id);
    this.#keys = [{ key }];
    const left = [...new Set([...gone, ...this.#state.left])].filter((id) => id !== key.id);
    this.#set({ left: left.slice(0, MAX_LEFT_KEYS), without: [] });
  }

  trust(node: JudgedNode): void {
    this.#set({ ...without(this.#state, node.id), trusted: [...without(this.#state, node.id).trusted, node] });
  }

  /** Neither trusted nor blocked: a stranger, unless it has our present key. */
  forget(node: NodeId): void {
    this.#set(without(this.#state, node));
  }

  block(node: JudgedNode): void {
    this.#set({ ...without(this.#state, node.id), blocked: [...without(this.#state, node.id).blocked, node] });
  }

  /** It got our present key: old ones need no exception for it any more. */
  welcomed(node: NodeId): void {
    this.#set({ without: this.#state.without.filter((id) => id !== node) });
  }

  get without(): readonly NodeId[] {
    return this.#state.without;
  }

  get #valid(): readonly KeptKey[] {
    const now = this.#parts.clock.wallTime();
    return this.#keys.filter(({ replacedAt }) => replacedAt === undefined || now < replacedAt + KEY_OVERLAP_MS);
  }

  /** Whether it is our present key, or one that it replaced. */
  hasKey(keyId: string): boolean {
    return this.#keys.some(({ key }) => key.id === keyId);
  }

  #set(changed: Partial<TrustState>): void {
    this.#state = { ...this.#state, ...changed };
  }
}

const without = (state: Pick<TrustState, 'trusted' | 'blocked'>, node: NodeId) => ({
  trusted: state.trusted.filter(({ id }) => id !== node),
  blocked: state.blocked.filter(({ id }) => id !== node),
});

/**
 * Newest first. The key that was in use for months is the one that a node which was away has; those that somebody
 * heaped upon it within seconds are nobody's.
 */
function longestUsed(replaced: readonly KeptKey[]): readonly KeptKey[] {
  if (replaced.length <= MAX_REPLACED_KEYS) return replaced;
  const usedMs = replaced.map(({ replacedAt = 0 }, at) => replacedAt - (replaced[at + 1]?.replacedAt ?? 0));
  const shortest = usedMs.indexOf(Math.min(...usedMs));
  return longestUsed(replaced.toSpliced(shortest, 1));
}
