import { utilityProcess } from 'electron';
import { fromCallback } from 'xstate';
import type { FromProcess, ToProcess } from './engine-machine.ts';
import type { ToEngine } from './engine-messages.ts';
import type { EngineOptions } from './engine-options.ts';

/** The engine's process as an actor: leaving the state that runs it ends the process. */
export const engineProcess = (script: string, options: EngineOptions) =>
  fromCallback<ToProcess>(({ sendBack, receive }) => {
    const child = utilityProcess.fork(script, [], { serviceName: 'InterMachine node', stdio: 'inherit' });
    const tell = (message: ToEngine) => child.postMessage(message);
    child.on('message', (message: FromProcess) => sendBack(message));
    child.on('exit', (code) => sendBack({ type: 'EXITED', code } satisfies FromProcess));
    receive((event) => {
      if (event.type === 'CONNECT') child.postMessage({ type: 'CONNECT' } satisfies ToEngine, [event.port]);
      else tell({ type: 'STOP' });
    });
    // By message: a command line can be read by everybody on this computer, and the network key may be among the options.
    tell({ type: 'START', options });
    return () => child.kill();
  });
