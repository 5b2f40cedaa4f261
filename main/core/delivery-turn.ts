import type { OutcomeStatus } from '../../shared/envelope.ts';
import type { ErrorCode, InterMachineError } from '../../shared/errors.ts';
import type { MachineId, NodeId } from '../../shared/ids.ts';
import type { Content } from './channel.ts';
import { CommitGroup } from './commit-group.ts';
import type { DeliveryLimits } from './defaults.ts';
import type { Arrival } from './inbox.ts';
import type { Run } from './outgoing-stream.ts';
import type { PersistedStep } from './persisted-step.ts';
import type { StoredChange } from './ports.ts';

export type DeliveryOutput =
  | { readonly type: 'commit'; readonly changes: readonly StoredChange[] }
  | { readonly type: 'frame'; readonly peer: NodeId; readonly frame: Content }
  | { readonly type: 'close'; readonly peer: NodeId; readonly code: number; readonly reason: string }
  | { readonly type: 'handOver'; readonly arrival: Arrival }
  /** What became of envelopes that we sent. */
  | ({
      readonly type: 'outcome';
      readonly peer: NodeId;
      readonly status: OutcomeStatus;
      readonly code?: ErrorCode;
    } & Run)
  /** They were never accepted. */
  | ({ readonly type: 'rejected'; readonly peer: NodeId; readonly error: InterMachineError } & Run)
  /** A step of a persisted machine is on disk. */
  | { readonly type: 'kept'; readonly step: PersistedStep }
  /** Steps of this machine were lost: where it runs, it is to start again from its last stored snapshot, with nothing in hand. */
  | { readonly type: 'rollBack'; readonly machine: MachineId }
  /** These came again: whether they are the same is to be looked up, and told as `changed` where they are not. */
  | ({ readonly type: 'compare'; readonly peer: NodeId; readonly texts: readonly string[] } & Run)
  | { readonly type: 'problem'; readonly message: string };

/** What the parts of the delivery gather until the turn ends. */
export class DeliveryTurn {
  readonly limits: DeliveryLimits;
  /** Milliseconds, on the node's own time (delivery-time.ts). */
  readonly now: () => number;
  readonly wallTime: () => number;
  group = new CommitGroup();
  /** Commits that are under way. */
  committing: CommitGroup[] = [];
  /** Why the disk takes nothing at present. */
  failure: InterMachineError | undefined;
  #outputs: DeliveryOutput[] = [];

  constructor({ limits, now, wallTime }: Pick<DeliveryTurn, 'limits' | 'now' | 'wallTime'>) {
    this.limits = limits;
    this.now = now;
    this.wallTime = wallTime;
  }

  put(output: DeliveryOutput): void {
    this.#outputs.push(output);
  }

  /** Once everything that was taken up so far is on disk: at once, where it is. */
  afterwards(act: () => void): void {
    if (this.committing.length === 0 && !this.group.isAwaited) act();
    else this.group.follow({ act });
  }

  takeOutputs(): readonly DeliveryOutput[] {
    const outputs = this.#outputs;
    if (outputs.length > 0) this.#outputs = [];
    return outputs;
  }
}
