import {
  type AnyActorLogic,
  type ContextFrom,
  matchesState,
  type OutputFrom,
  type Snapshot,
  type SnapshotFrom,
} from 'xstate';
import type { MachineLive, StateValue } from '../../shared/api.ts';
import type { Address } from '../../shared/ids.ts';

type ValueOf<Logic extends AnyActorLogic> = SnapshotFrom<Logic> extends { value: infer Value } ? Value : undefined;
/** Where nothing is known of a machine, nothing is known of its context either, and not that there is none. */
type ContextOf<Logic extends AnyActorLogic> = [ContextFrom<Logic>] extends [never] ? unknown : ContextFrom<Logic>;
type TagsOf<Logic extends AnyActorLogic> =
  SnapshotFrom<Logic> extends { hasTag(tag: infer Tag): boolean } ? Extract<Tag, string> : string;

/** A machine that may run on another node, as it was seen last. */
export type RemoteSnapshot<Logic extends AnyActorLogic = AnyActorLogic> = Snapshot<OutputFrom<Logic>> & {
  /** `searching`: none was found so far; `lost`: it cannot be seen now, and this is how it was. */
  readonly connection: 'searching' | 'live' | 'lost';
  /** Missing while none was found. */
  readonly address: Address | undefined;
  readonly value: ValueOf<Logic> | undefined;
  /** Missing while none was seen, where the machine does not show it, and where it is larger than 64 KiB. */
  readonly context: ContextOf<Logic> | undefined;
  readonly tags: ReadonlySet<TagsOf<Logic>>;
  /** As `snapshot.matches` of XState; nothing matches before it was seen. */
  matches(state: StateValue): boolean;
  hasTag(tag: TagsOf<Logic>): boolean;
};

interface Seen {
  readonly connection: RemoteSnapshot['connection'];
  readonly address: Address | undefined;
  readonly live: MachineLive | undefined;
}

/** XState's snapshot of what was seen. A machine that was taken out is `lost`, not an end that its own logic came to. */
export function remoteSnapshot<Logic extends AnyActorLogic>({
  connection,
  address,
  live,
}: Seen): RemoteSnapshot<Logic> {
  const tags: ReadonlySet<string> = new Set(live?.tags);
  const value = live?.value;
  const seen = {
    ...endOf(live),
    connection,
    address,
    value,
    context: live?.contextIsCut === false ? (parsed(live.context) ?? undefined) : undefined,
    tags,
    matches: (state: StateValue) => value !== undefined && matchesState(state, value),
    hasTag: (tag: string) => tags.has(tag),
  };
  // What came over the wire is what its author said it is; nobody can check that here.
  return seen as unknown as RemoteSnapshot<Logic>;
}

function endOf(live: MachineLive | undefined): Snapshot<unknown> {
  if (live?.status === 'done') {
    return { status: 'done', output: parsed(live.output), error: undefined };
  }
  if (live?.status === 'error')
    return { status: 'error', output: undefined, error: new Error(live.error ?? 'It failed and did not say why') };
  return { status: 'active', output: undefined, error: undefined };
}

/** What a peer says is JSON may be none. */
function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
