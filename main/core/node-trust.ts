import type { Bring, StrangerView, TrustView } from '../../shared/api.ts';
import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import { isNodeId, type NodeId, nodeId } from '../../shared/ids.ts';
import { Allowance } from './allowance.ts';
import { KEYS_FROM_OTHERS } from './defaults.ts';
import { Pairing } from './pairing.ts';
import type { KeyFrame, PairingMethod } from './pairing-frames.ts';
import type { PeerInfo, Peers } from './peers.ts';
import type { AuditQuery, AuditRow, Clock, Identity, JudgedNode, NetworkKey, Store, StoredChange } from './ports.ts';
import { Trust, type TrustParts } from './trust.ts';

export interface NodeTrustParts extends Omit<TrustParts, 'isKnown' | 'clock'> {
  readonly identity: Identity;
  readonly name: string;
  readonly clock: Clock;
  readonly store: Pick<Store, 'commit' | 'audit'>;
  readonly peers: () => Peers;
  /** Our network's key took the place of these, for all nodes of this user that are started from now on. */
  readonly keyReplaced: (key: NetworkKey, replaced: readonly string[]) => Promise<void>;
  /** Something that people see is another. */
  readonly changed: () => void;
  readonly problem: (message: string) => void;
}

/** Through what somebody acts, for the audit rows. */
export interface Acting {
  /** `program` unless told. */
  readonly by?: string;
}
export interface Joining extends Acting {
  /** Must be told where other nodes are in the present network. */
  readonly bring?: Bring;
}

/** What another member told of the network's key that was not known here. */
interface News {
  readonly key: NetworkKey;
  /** Who is shut out and was not. */
  readonly out: readonly NodeId[];
  /** The id of our present key, where the one that is told takes its place. */
  readonly replaced: readonly string[];
}

/** Who may come in, as people and programs see and change it. */
export class NodeTrust {
  readonly #parts: NodeTrustParts;
  /** What decides at the door. */
  readonly door: Trust;
  readonly pairing: Pairing;
  /** What members told last, and is not looked at yet. */
  readonly #told = new Map<NodeId, KeyFrame>();
  readonly #allowance: Allowance;
  #timer: unknown;

  constructor(parts: NodeTrustParts) {
    this.#parts = parts;
    const { identity, clock } = parts;
    this.#allowance = new Allowance(KEYS_FROM_OTHERS.burst, KEYS_FROM_OTHERS.everyMs, clock.now());
    this.door = new Trust({ ...parts, isKnown: (node) => parts.peers().isKnown(node) });
    this.pairing = new Pairing({
      identity,
      clock,
      key: () => (this.door.open ? undefined : this.door.key?.reveal()),
      join: (key, bring) => this.#take(identity.readKey(key), bring),
      members: () => parts.peers().members(),
      reach: (peer) => parts.peers().reach(peer),
      paired: ({ peer, method, gaveKey, by }) => {
        this.door.welcomed(peer.id);
        parts.peers().meet(peer.id, peer.name);
        const detail = `${howTo(method)}, ${gaveKey ? 'gave' : 'took'} the key`;
        this.#commit('pair', peer.id, detail, by).catch((thrown) => parts.problem(reasonOf(thrown)));
      },
      unanswered: ({ peer, method, by }) => {
        parts.problem(
          `node ${this.#nameOf(peer.id) || peer.name} (${peer.id}) was sent our network's key and never said that it has it; ` +
            'unless you trust it, take trust back from it: the network gets a fresh key then',
        );
        const detail = `${howTo(method)}, sent the key, no answer`;
        this.#commit('pair', peer.id, detail, by).catch((thrown) => parts.problem(reasonOf(thrown)));
      },
      changed: parts.changed,
    });
  }

  /** Anybody is let in. It cannot be switched on or off while the node runs. */
  get open(): boolean {
    return this.door.open;
  }

  /** Which key our network has; tells nothing about the key. Missing in an open one. */
  get keyId(): string | undefined {
    return this.open ? undefined : this.door.key?.id;
  }

  /** All there is to see. */
  view(): TrustView {
    const { door } = this;
    const { keyId } = this;
    const pairing = this.pairing.view;
    return {
      open: door.open,
      ...(keyId !== undefined && { keyId }),
      replaced: door.replaced,
      members: this.#peers.members(),
      strangers: this.#strangers(),
      trusted: door.trusted,
      blocked: door.blocked,
      ...(pairing && { pairing }),
    };
  }

  /** The secret of our network, to bring other nodes in. Throws NETWORK_KEY_INVALID in an open one. */
  async revealKey({ by = 'program' }: Acting = {}): Promise<string> {
    const key = this.#ownKey();
    await this.#commit('reveal', '', `key ${key.id}`, by);
    return key.reveal();
  }

  // ---- Changes. Each is on disk when it resolves.

  /** Moves this node to the network of a key. Rejects with NETWORK_KEY_INVALID, MEMBERS_UNDECIDED. */
  async join(text: string, { bring, by = 'program' }: Joining = {}): Promise<void> {
    const present = this.#ownKey();
    const key = this.#parts.identity.readKey(text);
    if (key.id === present.id) return;
    const members = this.#peers.members();
    if (bring === undefined && members > 0)
      throw new InterMachineError(
        'MEMBERS_UNDECIDED',
        `${members} other ${members === 1 ? 'node is' : 'nodes are'} in this node's network: say whether it moves alone or brings all along.`,
      );
    await this.#take(key, bring ?? 'alone', by);
  }

  /** A fresh key for the whole network. The old one lets those in for 30 days who were known before, and are not named here. */
  async rotate({ by = 'program' }: Acting = {}): Promise<void> {
    this.#ownKey();
    await this.#replace([], 'rotate', '', by);
  }

  /** Trusts a node for its id alone: it gets no key, and must trust us, too. */
  async trust(id: string, { by = 'program' }: Acting = {}): Promise<void> {
    this.door.trust(this.#judged(id));
    await this.#changed('trust', id, '', by);
  }

  /** Takes trust back: the network gets a fresh key, which this node does not. It may pair again. */
  async revoke(id: string, { by = 'program' }: Acting = {}): Promise<void> {
    const { id: node } = this.#judged(id);
    this.door.forget(node);
    await this.#replace([node], 'revoke', node, by);
  }

  /** Cuts a node off at once and for good; the network gets a fresh key, which this node does not. */
  async block(id: string, { by = 'program' }: Acting = {}): Promise<void> {
    const judged = this.#judged(id);
    this.door.block(judged);
    await this.#replace([judged.id], 'block', judged.id, by);
  }

  /** It is a stranger again. */
  async unblock(id: string, { by = 'program' }: Acting = {}): Promise<void> {
    this.door.forget(this.#judged(id).id);
    await this.#changed('unblock', id, '', by);
  }

  /** Compares digits with a node that is around. Throws NODE_UNKNOWN, PAIRING_BUSY, PAIRING_FAILED. */
  compareWith(id: string, { by = 'program' }: Acting = {}): void {
    this.pairing.compareWith(this.#stranger(id), by);
  }

  /** Shows a code for whoever types it. Rejects with PAIRING_BUSY, PAIRING_FAILED. */
  async showCode({ by = 'program' }: Acting = {}): Promise<void> {
    await this.pairing.showCode(by);
  }

  /** Types the code that a node shows. Rejects with NODE_UNKNOWN, PAIRING_BUSY, PAIRING_FAILED, MEMBERS_UNDECIDED. */
  async typeCode(id: string, code: string, { bring, by = 'program' }: Joining = {}): Promise<void> {
    await this.pairing.typeCode(this.#stranger(id), code, bring, by);
  }

  /** The digits are the same. Throws PAIRING_FAILED, MEMBERS_UNDECIDED. */
  agree({ bring, by = 'program' }: Joining = {}): void {
    this.pairing.agree(bring, by);
  }

  endPairing(): void {
    this.pairing.end();
  }

  // ---- What people did

  /** Newest first. */
  audit(query: AuditQuery = {}): Promise<readonly AuditRow[]> {
    return this.#parts.store.audit(query);
  }

  /** Writes down what somebody did. */
  async record(action: string, subject: string, { by = 'program' }: Acting = {}, detail = ''): Promise<void> {
    await this.#parts.store.commit([this.#row(action, subject, detail, by)]);
  }

  // ---- The members of our network tell each other its key

  connected(peer: NodeId): void {
    this.#tellKey(peer, this.#peers.provenKeys().get(peer) ?? new Set());
  }

  received(from: NodeId, frame: KeyFrame): void {
    const { id } = this.#parts.identity.readKey(frame.key);
    if (this.door.hasKey(id)) this.#peers.hasKey(from, id);
    this.#told.delete(from);
    this.#told.set(from, frame);
    this.#hear();
  }

  stop(): void {
    this.#parts.clock.clearTimeout(this.#timer);
    this.#told.clear();
    this.pairing.stop();
  }

  /** What members told of the network's key, a few at once and then slowly. */
  #hear(): void {
    const { clock } = this.#parts;
    clock.clearTimeout(this.#timer);
    for (const [from, frame] of this.#told) {
      const news = this.#newsIn(from, frame);
      const waitMs = news ? this.#allowance.takeOrWait(clock.now()) : 0;
      if (waitMs > 0) {
        this.#timer = clock.setTimeout(() => this.#hear(), waitMs);
        return;
      }
      if (news) this.#obey(from, news);
      this.#told.delete(from);
    }
  }

  /**
   * What is new in it: a key that takes the place of ours, or somebody to shut out who is not. Whoever has our present
   * key may replace it. Who has one alone that we had before was given another one apart from us, by a person on the other
   * side of a cut cable: of such two the same one wins everywhere.
   */
  #newsIn(from: NodeId, { key: text, without }: KeyFrame): News | undefined {
    const { key: present, open, node, without: alreadyOut } = this.door;
    const theirs = this.#peers.provenKeys().get(from);
    // Who is trusted for its id alone has none, and says nothing of our network.
    if (!present || open || !theirs || theirs.size === 0) return;
    const key = this.#parts.identity.readKey(text);
    const supersedes = !this.door.hasKey(key.id) && (theirs.has(present.id) || key.id < present.id);
    const out = without.filter((id) => id !== node && !alreadyOut.includes(id));
    return supersedes || out.length > 0 ? { key, out, replaced: supersedes ? [present.id] : [] } : undefined;
  }

  #obey(from: NodeId, { key, out, replaced }: News): void {
    this.#peers.hasKey(from, key.id);
    if (replaced.length > 0) this.door.replaceKey(key, out);
    else this.door.shutOut(out);
    const who = this.#nameOf(from);
    const names = out.filter((id) => this.#peers.isKnown(id)).map((id) => this.#nameOf(id) || id);
    if (names.length > 0)
      this.#parts.problem(
        `member ${who} shut out ${names.join(', ')}. If nobody meant that to happen, block ${who}, and pair again with whom it shut out`,
      );
    this.#follow(replaced, 'rotate', out[0] ?? '', `member ${from}`, from).catch((thrown) =>
      this.#parts.problem(reasonOf(thrown)),
    );
  }

  async #take(key: NetworkKey, bring: Bring, by?: string): Promise<void> {
    const before = this.door.key;
    const isLeavingSome = bring === 'alone' && this.#peers.members() > 0;
    if (bring === 'all') this.door.replaceKey(key);
    else {
      this.door.move(key);
      this.#peers.leaveAll();
    }
    const replaced = before && !isLeavingSome ? [before.id] : [];
    await this.#follow(replaced, by === undefined ? undefined : 'join', bring, by);
  }

  async #replace(without: readonly NodeId[], action: string, subject: string, by: string): Promise<void> {
    const before = this.open ? undefined : this.door.key;
    if (before) this.door.replaceKey(this.#parts.identity.newKey(), without);
    await this.#follow(before ? [before.id] : [], action, subject, by);
  }

  /**
   * Our key is another: told at once to those that have the old one, before whoever is shut out can notice and tell them
   * another story; then written down; and whoever told us hears that we have it.
   */
  async #follow(
    replaced: readonly string[],
    action: string | undefined,
    subject: string,
    by = '',
    from?: NodeId,
  ): Promise<void> {
    const { key } = this.door;
    if (key) for (const [peer, keys] of this.#peers.provenKeys()) this.#tellKey(peer, keys);
    await this.#changed(action, subject, key ? `key ${key.id}` : '', by);
    if (!key) return;
    if (from) this.#send(from, key);
    if (replaced.length > 0)
      await this.#parts
        .keyReplaced(key, replaced)
        .catch((thrown) =>
          this.#parts.problem(`nodes that you start from now on have the old key: ${reasonOf(thrown)}`),
        );
  }

  /** Members have one of our keys; those that are let in for another reason get none. */
  #tellKey(peer: NodeId, theirs: ReadonlySet<string>): void {
    const { key } = this.door;
    if (!key || this.open || theirs.size === 0 || theirs.has(key.id) || !this.door.admits(peer, theirs)) return;
    this.#send(peer, key);
  }

  #send(peer: NodeId, key: NetworkKey): void {
    this.#peers.send(peer, { type: 'key', key: key.reveal(), without: this.door.without });
  }

  /** Cuts first and writes then: who is shut out must not gain the time that a disk takes. */
  async #changed(action: string | undefined, subject: string, detail: string, by: string): Promise<void> {
    this.#peers.judgeAgain();
    this.#parts.changed();
    await this.#commit(action, subject, detail, by);
  }

  async #commit(action: string | undefined, subject: string, detail: string, by: string): Promise<void> {
    const rows = action === undefined ? [] : [this.#row(action, subject, detail, by)];
    await this.#parts.store.commit([{ type: 'trust', state: this.door.state }, ...rows]);
  }

  #row(action: string, subject: string, detail: string, by: string): StoredChange {
    return { type: 'audit', row: { at: this.#parts.clock.wallTime(), by, action, subject, detail } };
  }

  get #peers(): Peers {
    return this.#parts.peers();
  }

  #ownKey(): NetworkKey {
    const { key } = this.door;
    if (!key || this.open)
      throw new InterMachineError(
        'NETWORK_KEY_INVALID',
        'This node is open: it lets anybody in and has no network key.',
      );
    return key;
  }

  /** Throws ADDRESS_INVALID, NODE_UNKNOWN for our own id. */
  #judged(text: string): JudgedNode {
    const id = nodeId(text);
    if (id === this.door.node) throw new InterMachineError('NODE_UNKNOWN', 'That is this node itself');
    return { id, name: this.#nameOf(id), at: this.#parts.clock.wallTime() };
  }

  #nameOf(id: NodeId): string {
    const judged = [...this.door.blocked, ...this.door.trusted].find((node) => node.id === id);
    return this.#peers.get(id)?.name || this.#peers.pending.get(id)?.name || judged?.name || '';
  }

  #stranger(id: string): { id: NodeId; name: string } {
    const peer = isNodeId(id) ? this.#peers.get(id) : undefined;
    if (!isNodeId(id) || (!peer && !this.#peers.pending.get(id)))
      throw new InterMachineError('NODE_UNKNOWN', `No node ${id.slice(0, 60)} is around`);
    if (this.door.isBlocked(id))
      throw new InterMachineError('PAIRING_FAILED', 'That node is blocked: unblock it first');
    if (peer?.state === 'alive' || peer?.state === 'suspect')
      throw new InterMachineError('PAIRING_FAILED', 'That node is let in already');
    return { id, name: this.#nameOf(id) };
  }

  /** Those that are around and not in, and those that knocked. */
  #strangers(): readonly StrangerView[] {
    const peers = this.#peers.list();
    const isIn = (peer: PeerInfo) => peer.incarnation > 0 && peer.state !== 'untrusted';
    const isOut = (peer: PeerInfo) =>
      peer.state === 'untrusted' || (peer.state === 'offline' && peer.incarnation === 0);
    const knocked = this.#peers.pending.list();
    const seen = peers.filter(isOut).map((peer): StrangerView => {
      const knock = knocked.find(({ id }) => id === peer.id);
      return {
        id: peer.id,
        name: peer.name || (knock?.name ?? ''),
        endpoints: peer.endpoints,
        types: peer.advertisedTypes,
        ...(knock && { knockedAt: knock.knockedAt }),
      };
    });
    const unseen = knocked
      .filter(({ id }) => !peers.some((peer) => peer.id === id))
      .map((knock) => ({ ...knock, types: [] }));
    return [...seen, ...unseen].map((stranger) => {
      const namesake =
        stranger.name === this.#parts.name
          ? this.door.node
          : peers.find((peer) => peer.id !== stranger.id && peer.name === stranger.name && isIn(peer))?.id;
      return { ...stranger, ...(namesake && { namesake }) };
    });
  }
}

const howTo = (method: PairingMethod): string => (method === 'digits' ? 'compared digits' : 'typed code');
