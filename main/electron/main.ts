import { join } from 'node:path';
import { app, protocol, session } from 'electron';
import { prepareChromium } from './chromium.ts';
import { serveFiles } from './dashboard-files.ts';
import { SCHEME } from './dashboard-page.ts';
import { DesktopWindow } from './desktop-window.ts';
import { engineOptionsFrom } from './engine-options.ts';
import { engineProcess } from './engine-process.ts';
import { EngineSupervisor } from './engine-supervisor.ts';
import { guardContents, guardSession } from './guards.ts';
import { introducePages } from './introduction.ts';
import { setMenu } from './menu.ts';
import { stopBeforeQuit } from './quitting.ts';
import { prepareSmoke, smoke } from './smoke.ts';
import { showTray } from './tray.ts';
import { tellTrouble } from './trouble.ts';
import { createWindow } from './window.ts';

// The desktop shell: a window, a tray, and a process for the node. It knows neither machines nor messages.

const beside = (file: string) => join(import.meta.dirname, file);

app.setName('InterMachine');
prepareChromium();
const smokePlace = process.argv.includes('--smoke') ? prepareSmoke() : undefined;
app.on('web-contents-created', (_event, contents) => guardContents(contents));

// A second start brings the window of the first to the front.
if (app.requestSingleInstanceLock()) void app.whenReady().then(open);
else app.quit();

function open(): void {
  guardSession(session.defaultSession);
  protocol.handle(SCHEME, serveFiles(beside('../renderer')));
  setMenu();

  const options = smokePlace?.options ?? engineOptionsFrom(process.argv.slice(1));
  const engine = new EngineSupervisor(engineProcess(beside('engine.js'), options));
  const window = new DesktopWindow(() =>
    createWindow({ preload: beside('preload.cjs'), icon: beside('icon.png'), hidden: smokePlace !== undefined }),
  );
  engine.start();
  introducePages(engine);
  stopBeforeQuit(engine, () => window.hide());
  app.on('second-instance', window.show);
  app.on('activate', window.show);
  app.on('window-all-closed', () => app.quit());
  window.show();

  if (smokePlace) {
    if (window.current) void smoke(window.current, engine, smokePlace);
    return;
  }
  const quit = () => app.quit();
  const icon = beside(process.platform === 'darwin' ? 'trayTemplate.png' : 'tray.png');
  showTray(engine, { icon, open: window.show, quit });
  tellTrouble(engine, quit);
}
