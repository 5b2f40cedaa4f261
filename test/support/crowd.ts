import { MemoryDisk } from '../../main/adapters/store/memory-disk.ts';
import { WheelClock } from './wheel-clock.ts';
import { Ether, type Started, World } from './world.ts';

interface Member {
  readonly letters: string;
  readonly disk: MemoryDisk;
  started: Started;
}

const DIGITS = 'bcdefghijk';
/** Simulated milliseconds in which a crowd has to have converged: nodes that never met are dialled at eight in a second (SECURITY: M5). */
const patienceMs = (nodes: number): number => 10_000 + (nodes * 1_000) / 8;

/** Many nodes in one process, in groups whose members see each other and nobody else, as namespaces part them. */
export class Crowd {
  readonly world = new World(new WheelClock());
  readonly #groups: { readonly ether: Ether; readonly members: Member[] }[] = [];
  #named = 0;

  get size(): number {
    return this.#groups.reduce((sum, { members }) => sum + members.length, 0);
  }

  /** Another group, of so many nodes. */
  async add(count: number): Promise<void> {
    const group = { ether: new Ether(`link ${this.#groups.length}`), members: [] };
    this.#groups.push(group);
    for (let n = 0; n < count; n++) await this.#join(group);
  }

  /** In each group one in `every` leaves for good, another one comes, and one in `every` starts again as who it was. */
  async churn(every: number): Promise<void> {
    for (const group of this.#groups) {
      const chosen = group.members.filter((_, at) => at % every === 0);
      for (const member of chosen) {
        await this.world.after(member.started.node.stop());
        group.members.splice(group.members.indexOf(member), 1);
        await this.#join(group);
      }
      for (const member of group.members.filter((_, at) => at % every === 1)) {
        await this.world.after(member.started.node.stop());
        member.started = await this.#start(group.ether, member.letters, member.disk);
      }
    }
  }

  /** Simulated milliseconds until everybody is linked to just those that are there. Throws when that takes too long. */
  async converged(): Promise<number> {
    const limitMs = patienceMs(Math.max(...this.#groups.map(({ members }) => members.length)));
    for (let passed = 0; ; passed += 250) {
      const lacking = this.#lacking();
      if (lacking.length === 0) return passed;
      if (passed >= limitMs) throw new Error(`Not converged: ${lacking.slice(0, 5).join('; ')}`);
      await this.world.advance(250, 250);
    }
  }

  get problems(): string[] {
    return this.#groups.flatMap(({ members }) => members.flatMap(({ started }) => started.problems));
  }

  async #join(group: { readonly ether: Ether; readonly members: Member[] }): Promise<void> {
    const letters = `${[...String(++this.#named).padStart(5, '0')].map((digit) => DIGITS[Number(digit)]).join('')}q`;
    const disk = new MemoryDisk();
    group.members.push({ letters, disk, started: await this.#start(group.ether, letters, disk) });
  }

  #start(ether: Ether, letters: string, disk: MemoryDisk): Promise<Started> {
    return this.world.start(letters, { disk, discovery: ether.discovery() });
  }

  #lacking(): string[] {
    return this.#groups.flatMap(({ members }) => {
      const all = new Set(members.map(({ started }) => started.node.id));
      return members.flatMap(({ started: { node } }) => {
        const alive = node.peers().filter(({ state }) => state === 'alive');
        const isWhole = alive.length === all.size - 1 && alive.every(({ id }) => all.has(id));
        return isWhole ? [] : [`${node.name} is linked to ${alive.length} of ${all.size - 1}`];
      });
    });
  }
}
