import { type IpcMainEvent, ipcMain, MessageChannelMain, type WebFrameMain } from 'electron';
import { CONNECT, PORT } from '../../preload/bridge.ts';
import { isDashboard } from './dashboard-page.ts';
import type { EngineSupervisor } from './engine-supervisor.ts';

/**
 * Gives page and engine the two ends of one line, and takes no part in what they say. A page that asks while there is no
 * engine gets its end as soon as there is one.
 */
export function introducePages(engine: EngineSupervisor): void {
  let asking: WebFrameMain | undefined;

  const introduce = () => {
    if (!asking || engine.state.state !== 'ready') return;
    const frame = asking;
    asking = undefined;
    if (frame.isDestroyed()) return;
    const { port1, port2 } = new MessageChannelMain();
    engine.connect(port1);
    frame.postMessage(PORT, null, [port2]);
  };

  ipcMain.on(CONNECT, (event) => {
    if (!isFromPage(event)) return;
    asking = event.senderFrame ?? undefined;
    introduce();
  });
  engine.watch(introduce);
}

/** Only the window's own page: no frame inside it, and no page that got there by some navigation. */
const isFromPage = ({ sender, senderFrame }: IpcMainEvent): boolean =>
  senderFrame !== null && senderFrame === sender.mainFrame && isDashboard(senderFrame.url);
