import fc from 'fast-check';
import { CLOSE } from '../../main/core/close-codes.ts';
import type { Connection } from '../../main/core/ports.ts';
import { decode, encode, type Frame } from '../../main/core/wire.ts';
import { collector } from '../support/machines.ts';
import { idOf, keyOf, World } from '../support/world.ts';
import type { Campaign } from './campaign.ts';
import { changed, content, helloOf } from './mutations.ts';

// A whole node but for sockets and disk, on a clock that stands still: what a socket would hand on, by the thousand.

/** How a line may end; 4500 and 1011 would be faults of ours. */
const FAIR_ENDS: readonly number[] = [
  CLOSE.badFrame,
  CLOSE.notTrusted,
  CLOSE.otherNamespace,
  CLOSE.otherVersion,
  CLOSE.outOfSequence,
  CLOSE.pairing,
  CLOSE.displaced,
  CLOSE.self,
  CLOSE.duplicate,
  CLOSE.superseded,
  1009,
];
/** The healthy peer sends after so many cases. */
const EVERY = 20;

class Attacked {
  readonly world = new World();
  #sent = 0;
  #port = 0;
  #cases = 0;
  #numbers: () => readonly number[] = () => [];
  #send: (n: number) => Promise<unknown> = async () => undefined;

  async start(): Promise<void> {
    const { node } = await this.world.start('m');
    const { node: healthy } = await this.world.start('n');
    const sink = await this.world.after(node.register('Sink', collector));
    await this.world.advance(1_000);
    this.#port = node.port;
    this.#numbers = () => sink.actor.getSnapshot().context.numbers;
    this.#send = (n) => healthy.sendTo(sink.address, { type: 'NUMBER', n });
  }

  /** A line from somebody; all of it is said at once, and the line is given up. Throws where the node did what it must not. */
  async attack(from: string, say: (connection: Connection) => readonly string[]): Promise<void> {
    const ends: number[] = [];
    const said: string[] = [];
    const transport = this.world.network.transport(idOf(from));
    await this.world.after(
      transport.dial({ endpoints: [{ host: 'memory', port: this.#port }] }, (connection) => {
        for (const text of say(connection)) connection.send(text);
        return { frame: (text) => said.push(text), closed: (code) => ends.push(code) };
      }),
    );
    const [end] = ends;
    if (end !== undefined && !FAIR_ENDS.includes(end)) throw new Error(`the line was closed with ${end}`);
    // What it says must be right whatever it heard, or honest peers would cut it off.
    for (const text of said) decode(text);
    await this.world.after(transport.stop());
    if (++this.#cases % EVERY === 0) await this.#expectHealthy();
  }

  async #expectHealthy(): Promise<void> {
    // Time passes, so that what waits for it is not the last thing that the node does.
    this.world.clock.increment(10);
    await this.world.after(this.#send(this.#sent++));
    const numbers = this.#numbers();
    if (numbers.length !== this.#sent || numbers.some((number, n) => number !== n))
      throw new Error(`the healthy peer sent ${this.#sent} events and ${numbers.length} arrived`);
  }

  /** Resolves with how many events the healthy peer sent. */
  async stop(): Promise<number> {
    await this.#expectHealthy();
    await this.world.stop();
    return this.#sent;
  }
}

async function attacked(act: (target: Attacked) => Promise<void>): Promise<number> {
  const target = new Attacked();
  await target.start();
  await act(target);
  return await target.stop();
}

/** One that has to say welcome itself, and one that is told it. */
const MEMBERS = ['a', 'z'] as const;
const OPENING: readonly Frame[] = [{ type: 'welcome', generation: [1, 1] }];

export const MEMBER: Campaign = {
  name: 'frames of a member',
  share: 0.4,
  run: (cases, seed, did) =>
    attacked(async (target) => {
      let generation = 0;
      const property = fc.asyncProperty(
        fc.constantFrom(...MEMBERS),
        fc.array(content, { minLength: 1, maxLength: 5 }),
        async (from, texts) => {
          generation++;
          await target.attack(from, (connection) => {
            const key = keyOf('shared');
            const proofs = [{ keyId: key.id, mac: key.prove(connection, 'dialler') }];
            const hello = encode(helloOf(idOf(from), { proofs }));
            const welcome =
              from === 'a' ? OPENING.map((frame) => encode({ ...frame, generation: [1, generation] } as Frame)) : [];
            return [hello, ...welcome, ...texts];
          });
          did();
        },
      );
      await fc.assert(property, { seed, numRuns: cases });
    }),
};

export const STRANGER: Campaign = {
  name: 'greetings and frames of a stranger',
  share: 0.24,
  run: (cases, seed, did) =>
    attacked(async (target) => {
      const otherwise = fc.record(
        {
          pair: fc.constantFrom('digits' as const, 'code' as const),
          proofs: fc.array(fc.record({ keyId: fc.constantFrom(keyOf('shared').id, 'aaaaaaaa'), mac: fc.string() }), {
            maxLength: 5,
          }),
          name: fc.string({ unit: 'binary', maxLength: 150 }),
          incarnation: fc.oneof(fc.maxSafeNat(), fc.double()),
          port: fc.nat(100_000),
        },
        { requiredKeys: [] },
      );
      const hello = otherwise.chain((fields) => changed(JSON.stringify(helloOf(idOf('s'), fields))));
      const property = fc.asyncProperty(hello, fc.array(content, { maxLength: 3 }), async (greeting, texts) => {
        await target.attack('s', () => [greeting, ...texts]);
        did();
      });
      await fc.assert(property, { seed, numRuns: cases });
    }),
};
