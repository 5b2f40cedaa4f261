import { dim } from './text.ts';

const LABEL_WIDTH = 9;

/** What is told of one thing, a line for each. */
export function writeFacts(facts: readonly (readonly [label: string, text: string])[]): void {
  for (const [label, text] of facts) process.stdout.write(`  ${dim(label.padEnd(LABEL_WIDTH))} ${text}\n`);
}
