// Stands in for Electron around the preload, in a real page of a real Chromium: what it exposes lands in the page, what it
// sends comes back with a real MessagePort, whose other end leads to the engine through the two functions of the test.
globalThis.stagePreload = (preload) => {
  const listeners = new Map();
  const far = new Map();
  const electron = {
    contextBridge: {
      exposeInMainWorld: (name, api) => Object.defineProperty(window, name, { value: Object.freeze(api) }),
    },
    ipcRenderer: {
      send: (channel) => window.engineAsked(channel),
      on: (channel, told) => listeners.set(channel, told),
    },
  };
  window.engineConnects = (id) => {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = ({ data }) => window.engineHears(id, data);
    far.set(id, port2);
    listeners.get('intermachine:port')({ ports: [port1] });
  };
  window.engineSays = (id, data) => far.get(id)?.postMessage(data);
  window.engineCrashes = () => {
    for (const port of far.values()) port.close();
    far.clear();
  };
  preload((name) => {
    if (name !== 'electron') throw new Error(`a sandboxed preload cannot require ${name}`);
    return electron;
  });
};
