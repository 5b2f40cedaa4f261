import { reasonOf } from '../../shared/errors.ts';
import { hostNode } from './engine-node.ts';

// The engine's process: Chromium's crashes are not the node's, and the node's work does not make the window wait.

const report = (message: string): void => {
  process.stderr.write(`intermachine: ${message}\n`);
};
// A machine's action that fails beside its machine must not end the node and the other machines.
process.on('uncaughtException', (error) => report(`not caught: ${reasonOf(error)}`));
process.on('unhandledRejection', (error) => report(`not caught: ${reasonOf(error)}`));

hostNode({ parent: process.parentPort, environment: process.env, report, exit: (code) => process.exit(code) });
