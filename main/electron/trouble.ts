import { dialog } from 'electron';
import type { EngineState, EngineSupervisor } from './engine-supervisor.ts';

/** Crashes in a row after which chance is no explanation any more. */
const CRASHES_TO_TELL = 3;

/** Says what keeps the node from running, once for each trouble, and asks what to do. */
export function tellTrouble(engine: EngineSupervisor, quit: () => void): void {
  let asking = false;
  const ask = async (problem: string, detail: string) => {
    asking = true;
    const { response } = await dialog.showMessageBox({
      type: 'error',
      title: 'InterMachine',
      message: problem,
      detail,
      buttons: ['Try again', 'Quit'],
      defaultId: 0,
      cancelId: 0,
      noLink: true,
    });
    asking = false;
    if (response === 1) quit();
    else engine.retry();
  };
  engine.watch((state) => {
    const detail = asking ? undefined : detailOf(state);
    if (detail !== undefined && 'problem' in state) void ask(state.problem, detail);
  });
}

/** Missing where there is nothing to ask. */
function detailOf(state: EngineState): string | undefined {
  if (state.state === 'failed') return 'The node does not run. Its data are as they were.';
  if (state.state !== 'waiting' || state.crashes !== CRASHES_TO_TELL) return undefined;
  return `It did so ${CRASHES_TO_TELL} times in a row. It is started again by itself, each time a little later.`;
}
