import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { nodeId } from '../shared/ids.ts';
import { SystemClock, SystemScheduler } from './adapters/clock/system.ts';
import { base32 } from './adapters/identity/base32.ts';
import { Connector } from './core/connector.ts';
import { LocalRegistrator, type ProcessParts } from './core/local-registrator.ts';
import type { AnyTypes } from './core/machine-types.ts';
import type { Clock } from './core/ports.ts';
import { Session } from './core/session.ts';

// What runs within one process, as a program makes it: the core's own, with a real clock.

export interface InProcessOptions {
  /** Also that of the machines; the system's unless told. */
  readonly clock?: Clock;
  /** A number from 0 up to 1; by chance unless told. */
  readonly random?: () => number;
  /** Told what goes wrong while the others go on; standard error unless told. */
  readonly report?: (message: string) => void;
}

/** Runs machines side by side and carries events between those that are connected. */
export class InterMachineConnector extends Connector {
  constructor(options: InProcessOptions = {}) {
    super(partsOf(options));
  }
}

/** An isolated group of machines, connected by hand. */
export class InterMachineSession extends Session {
  constructor(options: InProcessOptions = {}) {
    super(new Connector(partsOf(options)));
  }
}

/** Registers machines and finds them by type within one process. */
export class LocalMachineRegistrator<Types extends object = AnyTypes> extends LocalRegistrator<Types> {
  constructor(options: InProcessOptions = {}) {
    super(partsOf(options));
  }
}

const partsOf = ({
  clock = new SystemClock(),
  random = Math.random,
  report = toStandardError,
}: InProcessOptions): ProcessParts => ({
  self: nodeId(base32(randomBytes(32))),
  clock,
  scheduler: new SystemScheduler(),
  random,
  newId: randomUUID,
  digest: digestOf,
  report,
});

/** SHA-256, its first 32 hex digits. */
export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

export const toStandardError = (message: string): void => {
  process.stderr.write(`intermachine: ${message}\n`);
};
