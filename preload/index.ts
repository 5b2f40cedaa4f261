import { contextBridge, ipcRenderer } from 'electron';
import { CONNECT, PORT } from './bridge.ts';

contextBridge.exposeInMainWorld('intermachine', {
  kind: 'desktop',
  platform: process.platform,
  connect: () => ipcRenderer.send(CONNECT),
});

// The bridge above carries no ports; a message from the window to itself does.
ipcRenderer.on(PORT, ({ ports }) => window.postMessage(PORT, location.origin, ports));
