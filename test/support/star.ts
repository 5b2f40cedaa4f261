import { MemoryDisk } from '../../main/adapters/store/memory-disk.ts';
import type { Announcement, Discovery, DiscoveryReader } from '../../main/core/ports.ts';
import type { NodeId } from '../../shared/ids.ts';
import { WheelClock } from './wheel-clock.ts';
import { idOf, type Started, World } from './world.ts';

const HUB = 'a';
const lettersOf = (n: number): string =>
  `${[...String(n).padStart(5, '0')].map((digit) => 'bcdefghijk'[Number(digit)]).join('')}q`;

/** Sees whom the test shows. */
class Eyes implements Discovery {
  self: Announcement | undefined;
  #reader: DiscoveryReader | undefined;

  async start(self: Announcement, reader: DiscoveryReader): Promise<void> {
    this.self = self;
    this.#reader = reader;
  }

  see({ self }: Eyes): void {
    if (!self) return;
    const { node, name, incarnation, types, port } = self;
    const endpoints = [{ host: 'memory', port }];
    this.#reader?.seen({ node, name, incarnation, types, endpoints, links: ['link'], source: 'mdns' });
  }

  announce(): void {}
  seek(): void {}
  async stop(): Promise<void> {}
}

/** One node with many neighbours, which have to do with nobody else, so that what it costs is that node's, and its ends of their lines. */
export class Star {
  readonly world = new World(new WheelClock());
  /** Frames that the hub and its neighbours sent each other, and their characters. */
  heartbeats = 0;
  framesButHeartbeats = 0;
  lengthButHeartbeats = 0;
  readonly #neighbours: { readonly letters: string; readonly disk: MemoryDisk; started: Started; eyes: Eyes }[] = [];
  readonly #hubEyes = new Eyes();
  readonly #count: number;
  #hub: Started | undefined;

  constructor(neighbours: number) {
    this.#count = neighbours;
    this.world.heard = (_from: NodeId, _to: NodeId, text: string) => {
      if (/^\{"type":"p[io]ng"/.test(text)) this.heartbeats++;
      else {
        this.framesButHeartbeats++;
        this.lengthButHeartbeats += text.length;
      }
    };
  }

  /** All are there, and nobody sees anybody. */
  async start(): Promise<void> {
    const limits = { connections: this.#count + 1 };
    this.#hub = await this.world.start(HUB, { discovery: this.#hubEyes, limits });
    for (let n = 0; n < this.#count; n++) {
      const [letters, disk] = [lettersOf(n), new MemoryDisk()];
      this.#neighbours.push({ letters, disk, ...(await this.#neighbour(letters, disk)) });
    }
  }

  /** They come into sight, two hundred each second. Simulated milliseconds until all are linked. */
  async link(): Promise<number> {
    for (const [at, neighbour] of this.#neighbours.entries()) {
      this.#show(neighbour.eyes);
      if (at % 50 === 49) await this.world.advance(250, 250);
    }
    return Math.ceil(this.#count / 50) * 250 + (await this.#linked());
  }

  /** One in so many is started again, as who it was. Simulated milliseconds until all are linked. */
  async churn(every: number): Promise<number> {
    for (const neighbour of this.#neighbours.filter((_, at) => at % every === 0)) {
      await this.world.after(neighbour.started.node.stop());
      Object.assign(neighbour, await this.#neighbour(neighbour.letters, neighbour.disk));
      this.#show(neighbour.eyes);
    }
    return await this.#linked();
  }

  async #neighbour(letters: string, disk: MemoryDisk): Promise<{ started: Started; eyes: Eyes }> {
    const eyes = new Eyes();
    // They would find each other by the hub, and be a mesh.
    return { eyes, started: await this.world.start(letters, { disk, discovery: eyes, exchangesPeers: false }) };
  }

  #show(eyes: Eyes): void {
    this.#hubEyes.see(eyes);
    eyes.see(this.#hubEyes);
  }

  async #linked(): Promise<number> {
    const alive = () => this.#hub?.node.peers().filter(({ state }) => state === 'alive').length;
    for (let passed = 0; passed <= 120_000; passed += 250) {
      if (alive() === this.#count) return passed;
      await this.world.advance(250, 250);
    }
    throw new Error(`${idOf(HUB)} is linked to ${alive()} of ${this.#count} after two minutes`);
  }
}
