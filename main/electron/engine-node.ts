import type { MessagePortMain, ParentPort } from 'electron';
import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import { serveApi } from '../api/serve.ts';
import { type Started, shippedMachine, startFrom } from '../compose.ts';
import { configFrom } from '../config.ts';
import { type LocalApi, openLocalApi } from '../local-api.ts';
import type { FromEngine, ToEngine } from './engine-messages.ts';
import type { EngineOptions } from './engine-options.ts';
import { portPipe } from './port-pipe.ts';

/** A page has one pipe. More are of pages that were reloaded and not yet collected. */
const MAX_PIPES = 8;

/** Told by the process around it; a test is one too. */
export interface EngineHost {
  readonly parent: Pick<ParentPort, 'on' | 'postMessage'>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  report(message: string): void;
  exit(code: number): void;
}

/** The node behind the window: starts when told, serves each port it is given, says goodbye to its peers when told to stop. */
export function hostNode({ parent, environment, report, exit }: EngineHost): void {
  const tell = (message: FromEngine) => parent.postMessage(message);
  const { promise: started, resolve, reject } = Promise.withResolvers<Started>();
  const ports: MessagePortMain[] = [];
  let api: LocalApi | undefined;

  const start = async ({ node: options, machines }: EngineOptions) => {
    const logics = await Promise.all(machines.map(shippedMachine));
    const startedNode = await startFrom(configFrom(options, environment), report);
    const { node } = startedNode;
    // For the command line; the window does without.
    api = await openLocalApi(startedNode, { port: 0, page: false, report }).catch(
      (thrown: unknown) => void report(reasonOf(thrown)),
    );
    for (const { type, logic } of logics) await node.register(type, logic);
    node.on('problem', report);
    node.on('peer', () => tell({ type: 'PEERS', alive: node.peers().filter(({ state }) => state === 'alive').length }));
    tell({ type: 'READY', name: node.name });
    return startedNode;
  };

  const connect = (port: MessagePortMain) => {
    ports.push(port);
    if (ports.length > MAX_PIPES) ports.shift()?.close();
    started.then(
      (node) => ports.includes(port) && serveApi(node, portPipe(port), { by: 'desktop', mayAct: true }),
      () => port.close(),
    );
  };

  const stop = async () => {
    try {
      const { node } = await started;
      await Promise.all([node.stop(), api?.stop()]);
    } catch (thrown) {
      report(reasonOf(thrown));
    }
    exit(0);
  };

  parent.on('message', ({ data, ports: [port] }) => {
    const message = data as ToEngine;
    if (message.type === 'START') start(message.options).then(resolve, reject);
    else if (message.type === 'CONNECT' && port) connect(port);
    else if (message.type === 'STOP') void stop();
  });
  // It does not end itself: what it just said could be lost with it. The shell ends it.
  started.catch((thrown: unknown) => {
    const code = thrown instanceof InterMachineError ? thrown.code : 'INTERNAL';
    tell({ type: 'FAILED', code, message: reasonOf(thrown) });
  });
}
