import { Menu, type MenuItemConstructorOptions } from 'electron';

/** Electron's own menu leads to web pages; ours has what people use: copy and paste, zoom, reload, windows. */
export function setMenu(): void {
  const own: MenuItemConstructorOptions[] =
    process.platform === 'darwin' ? [{ role: 'appMenu' }] : [{ role: 'fileMenu' }];
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([...own, { role: 'editMenu' }, { role: 'viewMenu' }, { role: 'windowMenu' }]),
  );
}
