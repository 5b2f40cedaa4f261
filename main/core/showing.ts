import type { AnyActorLogic } from 'xstate';
import type { MachineDefinition, MachineLive } from '../../shared/api.ts';
import type { MachineEvent } from '../../shared/envelope.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import { encodeEvent } from '../../shared/event.ts';
import type { MachineId, NodeId } from '../../shared/ids.ts';
import { utf8Length } from '../../shared/utf8.ts';
import { chartOf } from './chart.ts';
import { MAX_ENVELOPE_BYTES, MAX_QUESTIONS, MAX_WATCHES, STATES_THROTTLE_MS, WATCH_THROTTLE_MS } from './defaults.ts';
import type { MachineState } from './finding.ts';
import type { Host } from './host.ts';
import { liveOf, stateOf } from './machine-live.ts';
import type {
  Describe,
  Description,
  Interest,
  MachineStateEntry,
  ObservationFrame,
  Watch,
} from './observation-frames.ts';
import { pagesOf } from './pages.ts';
import type { Clock } from './ports.ts';
import type { MachineDescription } from './registry.ts';
import type { Terms, TermsOfMachines } from './terms.ts';
import { Throttle } from './throttle.ts';

/** Somebody who looks at one machine of ours. */
export interface Looker {
  live(live: MachineLive): void;
  unseen(code: ErrorCode): void;
  /** Left out where nobody asked for what it emits. */
  emitted?(event: MachineEvent): void;
  /** Whether it may see the context. */
  readonly seesContext: boolean;
}

/** Of which machines a peer wants to know the states. */
interface Wanted {
  readonly all: boolean;
  readonly types: ReadonlySet<string>;
}

export interface ShowingParts {
  readonly host: Host;
  readonly clock: Clock;
  /** All machines that are registered here. */
  readonly machines: () => readonly MachineDescription[];
  readonly typeOf: (id: MachineId) => string | undefined;
  readonly terms: TermsOfMachines;
  readonly digest: (text: string) => string;
  readonly send: (peer: NodeId, frame: ObservationFrame) => void;
  /** Returns false where the peer is behind with reading: it gets the newest state later. */
  readonly offer: (peer: NodeId, frame: ObservationFrame) => boolean;
  /** Whether somebody here wants to know the states of all machines. */
  readonly areStatesWanted: () => boolean;
  /** The states of some of our machines changed. */
  readonly statesChanged: (machines: readonly MachineId[]) => void;
}

interface Look {
  readonly throttle: Throttle;
  /** Hears what the present actor emits. */
  readonly hear: () => void;
  readonly end: () => void;
}

/** Shows the machines of this node to those who look: programs and dashboards here, and peers. */
export class Showing {
  readonly #parts: ShowingParts;
  readonly #lookers = new Map<MachineId, Map<Looker, Look>>();
  /** What each peer looks at, by its own numbers. */
  readonly #peerWatches = new Map<NodeId, Map<number, () => void>>();
  readonly #interests = new Map<NodeId, Wanted>();
  /** Peers that said a moment ago what they want: they are to be told of all of it. */
  readonly #curious = new Set<NodeId>();
  /** What peers asked for and do not read yet. */
  readonly #questions = new Map<NodeId, Describe[]>();
  /** What was drawn once: a peer may ask for it as often as it likes. */
  readonly #drawn = new WeakMap<AnyActorLogic, MachineDefinition>();
  readonly #changed = new Set<MachineId>();
  readonly #states: Throttle;
  readonly #answers: Throttle;

  constructor(parts: ShowingParts) {
    this.#parts = parts;
    this.#states = new Throttle(parts.clock, STATES_THROTTLE_MS, () => this.#tellStates());
    this.#answers = new Throttle(parts.clock, STATES_THROTTLE_MS, () => this.#answerAll());
  }

  /** Told of every step of every machine, so it does next to nothing. */
  stepped(id: MachineId): void {
    if (this.#interests.size > 0 || this.#parts.areStatesWanted()) {
      this.#changed.add(id);
      this.#states.touch();
    }
    const lookers = this.#lookers.get(id);
    if (lookers) for (const { throttle } of lookers.values()) throttle.touch();
  }

  /** Its last state is shown at once: what follows about it, such as that it is gone, must not come first. */
  ended(id: MachineId): void {
    this.stepped(id);
    for (const looker of [...(this.#lookers.get(id)?.keys() ?? [])]) this.#tell(id, looker);
  }

  /** Another actor has taken its place: what that emits is heard, and its state is shown. */
  restarted(id: MachineId): void {
    for (const { hear } of this.#lookers.get(id)?.values() ?? []) hear();
    this.stepped(id);
  }

  /** Starts with the present state. Returns what ends it. Throws MACHINE_UNKNOWN. */
  look(id: MachineId, looker: Looker): () => void {
    this.#shown(id);
    const lookers = this.#lookers.get(id) ?? new Map<Looker, Look>();
    this.#lookers.set(id, lookers);
    const throttle = new Throttle(this.#parts.clock, WATCH_THROTTLE_MS, () => this.#tell(id, looker));
    let hearing: { unsubscribe(): void } | undefined;
    const hear = () => {
      hearing?.unsubscribe();
      if (looker.emitted) hearing = this.#shown(id).actor.on('*', (event: MachineEvent) => looker.emitted?.(event));
    };
    const end = () => {
      throttle.stop();
      hearing?.unsubscribe();
      lookers.delete(looker);
      if (lookers.size === 0) this.#lookers.delete(id);
    };
    lookers.set(looker, { throttle, hear, end });
    hear();
    throttle.touch();
    return end;
  }

  /** Throws MACHINE_UNKNOWN, NOT_A_MACHINE, ENVELOPE_TOO_LARGE. */
  describe(id: MachineId): MachineDefinition {
    const { logic } = this.#shown(id);
    const known = this.#drawn.get(logic);
    if (known) return known;
    const chart = chartOf(logic);
    if (!chart)
      throw new InterMachineError(
        'NOT_A_MACHINE',
        `"${id}" is actor logic that is no state machine: there are no states to draw`,
      );
    const text = JSON.stringify(chart);
    if (utf8Length(text) > MAX_ENVELOPE_BYTES)
      throw new InterMachineError('ENVELOPE_TOO_LARGE', `"${id}" is too large to be drawn`);
    const drawn = { chart, hash: this.#parts.digest(text) };
    this.#drawn.set(logic, drawn);
    return drawn;
  }

  /** Of a machine that runs here. */
  stateOf(id: MachineId): MachineState | undefined {
    const shown = this.#parts.host.shown(id);
    return shown && stateOf(shown);
  }

  // ---- Peers that look

  asked(peer: NodeId, frame: ObservationFrame): void {
    switch (frame.type) {
      case 'interest':
        return this.#interested(peer, frame);
      case 'watch':
        return this.#watch(peer, frame);
      case 'unwatch':
        return this.#unwatch(peer, frame.watch);
      case 'describe':
        return this.#describe(peer, frame);
    }
  }

  disconnected(peer: NodeId): void {
    this.#interests.delete(peer);
    this.#curious.delete(peer);
    this.#questions.delete(peer);
    for (const end of this.#peerWatches.get(peer)?.values() ?? []) end();
    this.#peerWatches.delete(peer);
  }

  stop(): void {
    this.#states.stop();
    this.#answers.stop();
    for (const lookers of this.#lookers.values()) for (const { end } of [...lookers.values()]) end();
  }

  #interested(peer: NodeId, { all, types }: Interest): void {
    this.#curious.delete(peer);
    this.#interests.delete(peer);
    if (!all && types.length === 0) return;
    this.#interests.set(peer, { all, types: new Set(types) });
    // However often it says so, it is told no more often than of changes.
    this.#curious.add(peer);
    this.#states.touch();
  }

  #watch(peer: NodeId, { watch, machine: id, emitted }: Watch): void {
    const { send, offer } = this.#parts;
    this.#unwatch(peer, watch);
    const watches = this.#peerWatches.get(peer) ?? new Map<number, () => void>();
    this.#peerWatches.set(peer, watches);
    if (watches.size >= MAX_WATCHES)
      throw new InterMachineError('FRAME_INVALID', `${MAX_WATCHES} machines are watched already`);
    try {
      const { watchable = 'context' } = this.#termsFor(id);
      if (!watchable) throw new InterMachineError('NOT_WATCHABLE', `"${id}" may not be watched by other nodes`);
      const end = this.look(id, {
        seesContext: watchable === 'context',
        live: (live) => {
          if (!offer(peer, { type: 'snapshot', watch, live })) this.#lookAgain(id);
        },
        unseen: (code) => send(peer, { type: 'unseen', watch, code }),
        ...(emitted && {
          emitted: (event: MachineEvent) => {
            const text = emittedText(event);
            if (text !== undefined) offer(peer, { type: 'emitted', watch, event: text });
          },
        }),
      });
      watches.set(watch, end);
    } catch (thrown) {
      send(peer, { type: 'unseen', watch, code: codeOf(thrown) });
    }
  }

  /** The peer was behind with reading: it gets the newest state a little later. */
  #lookAgain(id: MachineId): void {
    for (const { throttle } of this.#lookers.get(id)?.values() ?? []) throttle.touch();
  }

  /** Throws MACHINE_UNKNOWN for a machine of which other nodes may not know. */
  #termsFor(id: MachineId): Terms {
    const { terms } = this.#parts;
    if (!terms.isExposed(id)) throw unknown(id);
    return terms.of(id);
  }

  #unwatch(peer: NodeId, watch: number): void {
    const watches = this.#peerWatches.get(peer);
    watches?.get(watch)?.();
    watches?.delete(watch);
  }

  /** At once; while the peer is behind with reading it waits, and so do others that it asks. */
  #describe(peer: NodeId, frame: Describe): void {
    const waiting = this.#questions.get(peer) ?? [];
    if (waiting.length >= MAX_QUESTIONS)
      return this.#parts.send(peer, { type: 'description', question: frame.question, code: 'PEER_BUSY' });
    if (waiting.length === 0 && this.#parts.offer(peer, this.#answerTo(frame))) return;
    waiting.push(frame);
    this.#questions.set(peer, waiting);
    this.#answers.touch();
  }

  #answerAll(): void {
    for (const [peer, waiting] of this.#questions) {
      const left = waiting.findIndex((question) => !this.#parts.offer(peer, this.#answerTo(question)));
      if (left < 0) this.#questions.delete(peer);
      else waiting.splice(0, left);
    }
    if (this.#questions.size > 0) this.#answers.touch();
  }

  #answerTo({ question, machine: id }: Describe): Description {
    try {
      this.#termsFor(id);
      return { type: 'description', question, ...this.describe(id) };
    } catch (thrown) {
      return { type: 'description', question, code: codeOf(thrown) };
    }
  }

  // ---- Telling

  #tell(id: MachineId, looker: Looker): void {
    const shown = this.#parts.host.shown(id);
    if (!shown) return this.#endLook(id, looker, 'MACHINE_UNKNOWN');
    const live = liveOf(shown, looker.seesContext);
    looker.live(live);
    if (shown.hasEnded) this.#endLook(id, looker, 'MACHINE_STOPPED');
  }

  #endLook(id: MachineId, looker: Looker, code: ErrorCode): void {
    this.#lookers.get(id)?.get(looker)?.end();
    looker.unseen(code);
  }

  #tellStates(): void {
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const peer of this.#interests.keys()) {
      const isCurious = this.#curious.delete(peer);
      const ids = isCurious ? this.#parts.machines().map(({ id }) => id) : changed;
      const of = ids.flatMap((id) => this.#entriesFor(peer, id));
      if ((of.length === 0 && !isCurious) || this.#sendStates(peer, of)) continue;
      if (isCurious) this.#curious.add(peer);
      else for (const id of changed) this.#changed.add(id);
      this.#states.touch();
    }
    if (changed.length > 0) this.#parts.statesChanged(changed);
  }

  /** In pages. Returns whether the peer took them all. */
  #sendStates(peer: NodeId, of: readonly MachineStateEntry[]): boolean {
    return pagesOf(of).every((page) => this.#parts.offer(peer, { type: 'states', of: page }));
  }

  /** What this peer may and wants to know. */
  #entriesFor(peer: NodeId, id: MachineId): MachineStateEntry[] {
    const { host, terms, typeOf } = this.#parts;
    const wanted = this.#interests.get(peer);
    const shown = host.shown(id);
    if (!wanted || !shown || !terms.isExposed(id) || terms.of(id).watchable === false) return [];
    if (!wanted.all && !wanted.types.has(typeOf(id) ?? '')) return [];
    const { value, tags, status } = stateOf(shown);
    return [[id, value ?? null, tags, status]];
  }

  #shown(id: MachineId) {
    const shown = this.#parts.host.shown(id);
    if (!shown) throw unknown(id);
    return shown;
  }
}

const unknown = (id: MachineId) => new InterMachineError('MACHINE_UNKNOWN', `No machine "${id}" runs on this node`);

/** What a machine emits, as another node gets it; `undefined` where it is no event that can travel. That is no fault of the machine: it emits for its own program, too. */
function emittedText(event: MachineEvent): string | undefined {
  try {
    const text = encodeEvent(event);
    return utf8Length(text) > MAX_ENVELOPE_BYTES ? undefined : text;
  } catch {
    return undefined;
  }
}

const codeOf = (thrown: unknown): ErrorCode => (thrown instanceof InterMachineError ? thrown.code : 'INTERNAL');
