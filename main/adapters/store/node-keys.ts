import type { Database, Statement } from 'better-sqlite3';
import type { NodeId } from '../../../shared/ids.ts';

/** The short keys that stand for node ids in the large tables. */
export class NodeKeys {
  readonly #keys = new Map<NodeId, number>();
  readonly #nodes = new Map<number, NodeId>();
  readonly #findKey: Statement<[NodeId], number>;
  readonly #findNode: Statement<[number], NodeId>;
  readonly #insert: Statement<[NodeId]>;

  constructor(db: Database) {
    this.#findKey = db.prepare<[NodeId], number>('SELECT key FROM node_keys WHERE node = ?').pluck();
    this.#findNode = db.prepare<[number], NodeId>('SELECT node FROM node_keys WHERE key = ?').pluck();
    this.#insert = db.prepare('INSERT INTO node_keys (node) VALUES (?)');
  }

  find(node: NodeId): number | undefined {
    return this.#keys.get(node) ?? this.#remember(node, this.#findKey.get(node));
  }

  /** The key of a node, given now where it has none. Only within a transaction. */
  give(node: NodeId): number {
    return this.find(node) ?? this.#remember(node, Number(this.#insert.run(node).lastInsertRowid));
  }

  nodeOf(key: number): NodeId {
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const node = this.#findNode.get(key);
    if (node === undefined) throw new Error(`node key ${key} has no node`);
    this.#remember(node, key);
    return node;
  }

  /** A transaction was taken back, and the keys that it gave with it. */
  forget(): void {
    this.#keys.clear();
    this.#nodes.clear();
  }

  #remember<Key extends number | undefined>(node: NodeId, key: Key): Key {
    if (key !== undefined) {
      this.#keys.set(node, key);
      this.#nodes.set(key, node);
    }
    return key;
  }
}
