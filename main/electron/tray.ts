import { Menu, nativeImage, Tray } from 'electron';
import type { EngineState, EngineSupervisor } from './engine-supervisor.ts';

export interface TrayOptions {
  readonly icon: string;
  readonly open: () => void;
  readonly quit: () => void;
}

/** Says in one line how the node is, and brings the window back. It watches the engine, which keeps it from being collected. */
export function showTray(engine: EngineSupervisor, { icon, open, quit }: TrayOptions): void {
  const tray = new Tray(nativeImage.createFromPath(icon));
  let shown: string | undefined;
  tray.on('click', open);
  engine.watch((state) => {
    const line = describe(state);
    if (line === shown) return;
    shown = line;
    tray.setToolTip(`InterMachine: ${line}`);
    tray.setContextMenu(
      Menu.buildFromTemplate([
        { label: line, enabled: false },
        { type: 'separator' },
        { label: 'Open InterMachine', click: open },
        ...(state.state === 'failed' || state.state === 'waiting'
          ? [{ label: 'Start the node again', click: () => engine.retry() }]
          : []),
        { label: 'Quit', click: quit },
      ]),
    );
  });
}

/** How the engine is, for people. */
export function describe(state: EngineState): string {
  switch (state.state) {
    case 'starting':
      return 'the node is starting';
    case 'ready':
      return `${state.name}, ${state.alive === 1 ? '1 peer' : `${state.alive} peers`}`;
    case 'waiting':
      return `${state.problem}; it starts again after ${state.retryMs / 1000} s`;
    case 'failed':
      return state.problem;
    case 'stopped':
      return 'the node has stopped';
  }
}
