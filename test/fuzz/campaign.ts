/** One way to attack, with as many cases as it is told, all of which follow from the seed. */
export interface Campaign {
  readonly name: string;
  /** Of all cases; those over sockets cost a thousand times as much as those without. */
  readonly share: number;
  /** Rejects with the smallest case that broke something. `did` counts. Resolves with how many events a healthy line carried beside it, none of which was lost. */
  run(cases: number, seed: number, did: () => void): Promise<number>;
}
