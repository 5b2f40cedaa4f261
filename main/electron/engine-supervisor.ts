import type { MessagePortMain } from 'electron';
import { type ActorOptions, type CallbackActorLogic, createActor, waitFor } from 'xstate';
import { engineMachine, restartAfterMs, type ToProcess } from './engine-machine.ts';

export type EngineState =
  | { readonly state: 'starting' | 'stopped' }
  | { readonly state: 'ready'; readonly name: string; readonly alive: number }
  /** It comes back by itself. */
  | { readonly state: 'waiting'; readonly problem: string; readonly crashes: number; readonly retryMs: number }
  /** A person must decide. */
  | { readonly state: 'failed'; readonly problem: string };

/** Keeps one engine running. It never shows anything: who wants to tell people watches. */
export class EngineSupervisor {
  readonly #actor;

  constructor(process: CallbackActorLogic<ToProcess>, options: ActorOptions<typeof engineMachine> = {}) {
    this.#actor = createActor(engineMachine.provide({ actors: { process } }), options);
  }

  get state(): EngineState {
    const snapshot = this.#actor.getSnapshot();
    const { name = '', alive, crashes, problem = '' } = snapshot.context;
    if (snapshot.matches({ up: 'ready' })) return { state: 'ready', name, alive };
    if (snapshot.matches('waiting')) return { state: 'waiting', problem, crashes, retryMs: restartAfterMs(crashes) };
    if (snapshot.matches('failed')) return { state: 'failed', problem };
    return { state: snapshot.matches('up') && !snapshot.matches({ up: 'stopping' }) ? 'starting' : 'stopped' };
  }

  start(): void {
    this.#actor.start();
  }

  /** Told of every change, beginning with what is. */
  watch(told: (state: EngineState) => void): void {
    this.#actor.subscribe(() => told(this.state));
    told(this.state);
  }

  /** Serves the dashboard's calls on that port; only while ready. */
  connect(port: MessagePortMain): void {
    this.#actor.send({ type: 'CONNECT', port });
  }

  retry(): void {
    this.#actor.send({ type: 'RETRY' });
  }

  /** Resolves when the node has said goodbye, or after 2 s without it. May be called twice. */
  async stop(): Promise<void> {
    if (this.#actor.getSnapshot().status !== 'active') return;
    this.#actor.send({ type: 'STOP' });
    await waitFor(this.#actor, ({ status }) => status !== 'active');
  }
}
