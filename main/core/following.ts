import type { MachineLive } from '../../shared/api.ts';
import type { MachineEvent } from '../../shared/envelope.ts';
import type { Address } from '../../shared/ids.ts';
import type { FindOptions } from './finding.ts';
import type { MachineInfo } from './registry.ts';
import type { MachineChange } from './registry-sync.ts';
import type { Subscription, Subscriptions } from './subscriptions.ts';
import type { Watching } from './watching.ts';

/** One machine: by its id or address, or any of a type, the first that is there. */
export type FollowTarget =
  | { readonly machine: string }
  | ({ readonly type: string } & Pick<FindOptions, 'version' | 'where'>);

/** What is told of the machine that is followed. */
export interface Follower {
  /** From here on it is this one. */
  bound(address: Address): void;
  /** Throttled: states in between may be passed over. The last one of a machine that ends is always told. */
  live(live: MachineLive): void;
  emitted(event: MachineEvent): void;
  /** It cannot be seen now. When it, or another of its type, can be, it is followed again. */
  lost(): void;
}

interface Followed {
  readonly address: Address;
  end: () => void;
}

/** Follows one machine through the network: looks for it, watches it, and looks again when it is gone. */
export class Following {
  readonly #watching: Watching;
  readonly #follower: Follower;
  readonly #isAnyOfType: boolean;
  readonly #known = new Map<Address, MachineInfo>();
  readonly #subscription: Subscription;
  #followed: Followed | undefined;

  constructor(subscriptions: Subscriptions, watching: Watching, target: FollowTarget, follower: Follower) {
    this.#watching = watching;
    this.#follower = follower;
    this.#isAnyOfType = 'type' in target;
    this.#subscription = subscriptions.subscribe({ ...target, health: 'any' }, (change) => this.#changed(change));
  }

  stop(): void {
    this.#subscription.unsubscribe();
    this.#followed?.end();
    this.#followed = undefined;
  }

  #changed({ type, machine }: MachineChange): void {
    if (type === 'lost') {
      this.#known.delete(machine.address);
      if (this.#followed?.address === machine.address) this.#leave();
    } else this.#known.set(machine.address, machine);
    if (!this.#followed) this.#bind();
  }

  #leave(): void {
    this.#followed?.end();
    this.#followed = undefined;
    this.#follower.lost();
  }

  #bind(): void {
    const machine = [...this.#known.values()].find((each) => each.reachable || !this.#isAnyOfType);
    if (!machine) return;
    const followed: Followed = { address: machine.address, end: () => {} };
    // Of a machine that failed and begins anew; where it ended, this is the last that is told of it.
    let last: MachineLive | undefined;
    this.#followed = followed;
    this.#follower.bound(machine.address);
    followed.end = this.#watching.watch(machine, {
      live: (live) => {
        last = live;
        if (live.status === 'active') this.#follower.live(live);
      },
      emitted: (event) => this.#follower.emitted(event),
      lost: () => this.#follower.lost(),
      ended: () => {
        if (last && last.status !== 'active') this.#follower.live(last);
      },
    });
  }
}
