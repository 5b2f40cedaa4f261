/** A process with few files: takes all of them, is called by many, gives them back, and sees who is still there. */

import { type ChildProcess, execFile } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { loopbackNode } from './nodes.ts';
import { closeOf, framesOf, Recorder } from './recorder.ts';

const DIAL_AND_WAIT = fileURLToPath(new URL('./dial-and-wait.ts', import.meta.url));

const heard = new Recorder();
const kitchen = loopbackNode();
const { port } = await kitchen.transport.listen(heard.accept);
const dialling = (): ChildProcess => execFile(process.execPath, [DIAL_AND_WAIT, String(port)]);

const first = dialling();
await framesOf(await heard.line(), 1);
// A caller that is ready before the files run out, so that only the listener lacks one.
const caller = connect({ port, host: '127.0.0.1' });
await new Promise((resolve) => caller.once('connect', resolve));

const second = dialling();
const files: number[] = [];
try {
  for (;;) files.push(openSync('/dev/null', 'r'));
} catch {
  // That was the last one.
}
await new Promise((resolve) => second.once('exit', resolve).stderr?.once('data', resolve));
for (const file of files) closeSync(file);

const third = dialling();
const line = await heard.line(heard.lines.length);
await framesOf(line, 1);
const healthy = heard.lines[0];
process.stdout.write(healthy?.closes.length === 0 ? 'stayed, and let another in' : 'lost its line');
for (const child of [first, second, third]) child.kill('SIGKILL');
caller.destroy();
await closeOf(line);
await kitchen.transport.stop();
