import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import { isNodeId, type NodeId } from '../../shared/ids.ts';

/** Where the node of a data directory can be asked while it runs. */
export interface Running {
  readonly node: NodeId;
  readonly name: string;
  /** Process id. */
  readonly pid: number;
  /** On loopback. */
  readonly port: number;
  /** Random, new at every start. */
  readonly run: string;
  /** Wall clock, milliseconds. */
  readonly startedAt: number;
}

const RUNNING: z.ZodType<Running> = z.object({
  node: z.custom<NodeId>(isNodeId),
  name: z.string(),
  pid: z.int().min(1),
  port: z.int().min(1).max(65_535),
  run: z.string().min(1).max(100),
  startedAt: z.number(),
});

const OWNER_ONLY = 0o600;

const fileIn = (dataDir: string): string => join(dataDir, 'running.json');

/** Replaces what a run left behind that could not take leave. Throws DATA_DIR_UNUSABLE. */
export async function writeRunning(dataDir: string, running: Running): Promise<void> {
  const file = fileIn(dataDir);
  const draft = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    await writeFile(draft, `${JSON.stringify(running)}\n`, { mode: OWNER_ONLY, flag: 'wx' });
    await rename(draft, file);
  } catch (cause) {
    await rm(draft, { force: true });
    throw new InterMachineError('DATA_DIR_UNUSABLE', `The file ${file} cannot be written: ${reasonOf(cause)}.`, {
      cause,
    });
  }
}

/** Of a node that runs, or that ended without taking leave. `undefined` where there is none. Throws DATA_DIR_UNUSABLE. */
export async function readRunning(dataDir: string): Promise<Running | undefined> {
  const file = fileIn(dataDir);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new InterMachineError('DATA_DIR_UNUSABLE', `The file ${file} cannot be read: ${reasonOf(cause)}.`, { cause });
  }
  return RUNNING.safeParse(parsed(text)).data;
}

/** Takes leave. The file of another run is left alone. */
export async function removeRunning(dataDir: string, run: string): Promise<void> {
  const found = await readRunning(dataDir);
  if (found?.run === run) await rm(fileIn(dataDir), { force: true });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isMissing = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR');
