import { encodeLabel, type Label } from '../../shared/envelope-text.ts';
import { type MachineId, partsOf } from '../../shared/ids.ts';
import type { Parcel } from './parcel.ts';

/** Writes labels. What one machine sends to another within a millisecond has the same one: that is written once. */
export class Labels {
  #last: Label | undefined;
  #text = '';

  of({ from: sender, sentAt, correlationId, causationId }: Parcel, to: MachineId, expiresAt: number): string {
    const label = { from: partsOf(sender).machine, to, sentAt, expiresAt };
    if (correlationId !== undefined || causationId !== undefined)
      return encodeLabel({ ...label, ...(correlationId && { correlationId }), ...(causationId && { causationId }) });
    if (!this.#isLast(label)) this.#text = encodeLabel(label);
    this.#last = label;
    return this.#text;
  }

  #isLast({ from, to, sentAt, expiresAt }: Label): boolean {
    const last = this.#last;
    return last?.sentAt === sentAt && last.expiresAt === expiresAt && last.from === from && last.to === to;
  }
}
