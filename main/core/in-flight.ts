import type { Address, NodeId } from '../../shared/ids.ts';

interface Sent {
  readonly to: Address;
  readonly node: NodeId;
}

/** Envelopes that are under way to each machine: sent, and the last word is not heard yet. */
export class InFlight {
  readonly #sent = new Map<string, Sent>();
  readonly #counts = new Map<Address, number>();

  add(envelopeId: string, to: Address, node: NodeId): void {
    this.#sent.set(envelopeId, { to, node });
    this.#counts.set(to, this.of(to) + 1);
  }

  remove(envelopeId: string): void {
    const sent = this.#sent.get(envelopeId);
    if (!sent) return;
    this.#sent.delete(envelopeId);
    const left = this.of(sent.to) - 1;
    if (left > 0) this.#counts.set(sent.to, left);
    else this.#counts.delete(sent.to);
  }

  /** Nobody will tell what became of them. */
  lost(node: NodeId): void {
    for (const [id, sent] of this.#sent) if (sent.node === node) this.remove(id);
  }

  of(address: Address): number {
    return this.#counts.get(address) ?? 0;
  }
}
