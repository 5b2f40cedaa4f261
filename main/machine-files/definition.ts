import type { AnyActorLogic } from 'xstate';
import { z } from 'zod';
import { isName, isNodeId } from '../../shared/ids.ts';
import type { DelayPolicy } from '../core/delays.ts';
import type { Supervision } from '../core/supervision.ts';
import type { Terms } from '../core/terms.ts';
import { MAX_INSTANCES, MAX_METADATA_ENTRIES, MAX_METADATA_LENGTH } from './limits.ts';
import { didYouMean, type Path, type Problems } from './problems.ts';

/** On which terms the machines of a file are hosted. */
export interface FileTerms extends Pick<Terms, 'accept' | 'expose' | 'watchable'> {
  /** What becomes of it when it fails; `restart` unless told. */
  readonly supervision?: Supervision;
  readonly persist?: boolean;
  readonly journal?: boolean;
  readonly timers?: DelayPolicy;
}

/** What a module in the folder of machine files exports by default. */
export interface MachineModule<Logic extends AnyActorLogic = AnyActorLogic> extends FileTerms {
  /** The machine type: what it is found by. */
  readonly type: string;
  /** semver; 1.0.0 unless told. */
  readonly version?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** How many of it run; 1 unless told. */
  readonly instances?: number;
  /** An XState machine, or other actor logic. */
  readonly machine: Logic;
}

/** Says nothing by itself: it lets the compiler check what a module exports. */
export const defineMachine = <const Logic extends AnyActorLogic>(
  definition: MachineModule<Logic>,
): MachineModule<Logic> => definition;

/** A definition with its defaults, checked. */
export interface HostedDefinition extends FileTerms {
  readonly type: string;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly instances: number;
  readonly logic: AnyActorLogic;
}

export type Head = Omit<HostedDefinition, 'logic'>;

/** As semver.org has it. */
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

const text = z.string('a text is expected').max(MAX_METADATA_LENGTH, `${MAX_METADATA_LENGTH} characters at most`);
const texts = z
  .array(z.string('a text is expected'), 'a list of texts is expected')
  .max(1_000, '1,000 entries at most');
const HEAD = z.object({
  type: z
    .string('a text is expected')
    .refine(isName, 'takes 1 to 50 characters, with no space, control character, "/", "*", "?", "," or quote'),
  version: z
    .string('a text such as "1.0.0" is expected')
    .regex(VERSION, 'is not three numbers as in "1.0.0" (semver)')
    .default('1.0.0'),
  metadata: z
    .record(z.string(), text, 'an object from names to texts is expected')
    .refine((entries) => Object.keys(entries).length <= MAX_METADATA_ENTRIES, `${MAX_METADATA_ENTRIES} entries at most`)
    .default({}),
  instances: z
    .int('a whole number is expected')
    .min(1, 'from 1')
    .max(MAX_INSTANCES, `up to ${MAX_INSTANCES}`)
    .default(1),
  accept: z
    .strictObject(
      {
        nodes: z
          .array(z.custom<string>(isNodeId, 'the id of a node is expected: 52 characters'), 'a list is expected')
          .exactOptional(),
        types: texts.exactOptional(),
        events: texts.exactOptional(),
      },
      'an object with "nodes", "types" and "events" is expected',
    )
    .exactOptional(),
  supervision: z
    .union(
      [
        z.enum(['restart', 'park']),
        z.strictObject({
          maxRestarts: z.int().min(0).max(1_000).exactOptional(),
          firstDelayMs: z.int().min(1).max(60_000).exactOptional(),
        }),
      ],
      '"restart", "park" or an object with "maxRestarts" (0 to 1,000) and "firstDelayMs" (1 to 60,000) is expected',
    )
    .exactOptional(),
  persist: z.boolean('true or false is expected').exactOptional(),
  journal: z.boolean('true or false is expected').exactOptional(),
  timers: z
    .enum(
      ['resume-deadline', 'resume-remaining', 'restart'],
      '"resume-deadline", "resume-remaining" or "restart" is expected',
    )
    .exactOptional(),
  expose: z.enum(['network', 'node'], '"network" or "node" is expected').exactOptional(),
  watchable: z
    .union([z.enum(['state', 'context']), z.literal(false)], '"state", "context" or false is expected')
    .exactOptional(),
});

/** Names of what is said about a machine beside the machine itself. */
export const HEAD_KEYS: readonly string[] = Object.keys(HEAD.shape);

/** What a file says about its machine; everything that is wrong is told with its place. */
export function checkHead(head: Readonly<Record<string, unknown>>, path: Path, problems: Problems): Head | undefined {
  const parsed = HEAD.safeParse(head);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const at = [...path, ...(issue.path as (string | number)[])];
    if (issue.code === 'unrecognized_keys')
      for (const key of issue.keys)
        problems.nameError([...at, key], `"accept" has no "${key}"`, didYouMean(key, ['nodes', 'types', 'events']));
    else problems.error(at, `${String(issue.path[0] ?? 'the file')}: ${issue.message}`);
  }
  return undefined;
}
