import { app } from 'electron';
import type { EngineSupervisor } from './engine-supervisor.ts';

/** First the node says goodbye to its peers, then the application ends: the peers need not wait to find out. */
export function stopBeforeQuit(engine: EngineSupervisor, hide: () => void): void {
  let state: 'running' | 'stopping' | 'stopped' = 'running';
  app.on('before-quit', (event) => {
    if (state === 'stopped') return;
    event.preventDefault();
    if (state === 'stopping') return;
    state = 'stopping';
    // To the person it is over at once.
    hide();
    void engine.stop().then(() => {
      state = 'stopped';
      app.quit();
    });
  });
}
