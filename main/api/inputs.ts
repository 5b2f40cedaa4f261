import { z } from 'zod';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import { isMachineId, isNodeId, type MachineId, type NodeId } from '../../shared/ids.ts';

// What a dashboard sends is unknown until one of these has named it.

const nothing = z.strictObject({});
const address = z.strictObject({ address: z.string().max(200) });
const messages = z.strictObject({
  limit: z.int().min(1).max(1_000),
  before: z.int().min(0).exactOptional(),
  machine: z.custom<MachineId>(isMachineId, 'not a machine id').exactOptional(),
  node: z.custom<NodeId>(isNodeId, 'not a node id').exactOptional(),
  eventType: z.string().max(1_000).exactOptional(),
  text: z.string().max(1_000).exactOptional(),
});
const send = z.strictObject({ to: z.string().max(200), event: z.looseObject({ type: z.string() }) });

const machine = z.strictObject({ machine: z.string().max(200) });
const restart = machine.extend({ fresh: z.boolean().exactOptional() });

const journal = machine.extend({
  limit: z.int().min(1).max(1_000),
  before: z.int().min(0).exactOptional(),
});

const node = z.strictObject({ node: z.string().max(100) });
const bring = z.enum(['alone', 'all']).exactOptional();
const join = z.strictObject({ key: z.string().max(200), bring });
const typeCode = z.strictObject({ node: z.string().max(100), code: z.string().max(40), bring });
const agree = z.strictObject({ bring });
const audit = z.strictObject({ limit: z.int().min(1).max(1_000), before: z.int().min(0).exactOptional() });

const deadLetters = z.strictObject({
  limit: z.int().min(1).max(1_000),
  before: z.int().min(0).exactOptional(),
  node: z.custom<NodeId>(isNodeId, 'not a node id').exactOptional(),
  machine: z.custom<MachineId>(isMachineId, 'not a machine id').exactOptional(),
  reason: z.custom<ErrorCode>((text) => typeof text === 'string' && text.length <= 100, 'no code').exactOptional(),
});
const places = z.strictObject({ places: z.array(z.int().min(1)).min(1).max(1_000) });

const backup = z.strictObject({ file: z.string().min(1).max(4_096) });
const exported = z.strictObject({
  format: z.enum(['jsonl', 'csv']),
  machine: z.custom<MachineId>(isMachineId, 'not a machine id').exactOptional(),
  node: z.custom<NodeId>(isNodeId, 'not a node id').exactOptional(),
  eventType: z.string().max(1_000).exactOptional(),
  text: z.string().max(1_000).exactOptional(),
  since: z.number().exactOptional(),
  until: z.number().exactOptional(),
});

export const INPUTS = {
  backup,
  exported,
  deadLetters,
  places,
  node,
  join,
  typeCode,
  agree,
  audit,
  nothing,
  address,
  messages,
  send,
  machine,
  restart,
  journal,
};

/** Throws INPUT_INVALID with everything that is wrong. */
export function checked<Input>(schema: z.ZodType<Input>, input: unknown): Input {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'input'}: ${message}`);
  throw new InterMachineError('INPUT_INVALID', problems.join('; '));
}
