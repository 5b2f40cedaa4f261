import { createInterface } from 'node:readline/promises';
import { InterMachineError } from '../../shared/errors.ts';

/**
 * Says what is about to happen and waits for a yes; `isSure` stands for one. Resolves to whether to go on. Throws INPUT_INVALID where nobody is
 * there to be asked.
 */
export async function confirmed(what: string, isSure: boolean | undefined): Promise<boolean> {
  if (isSure) return true;
  if (!process.stdin.isTTY) throw new InterMachineError('INPUT_INVALID', `${what} To go on without being asked: --yes`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${what} Go on? (y/N) `)).trim());
  } finally {
    lines.close();
  }
}
