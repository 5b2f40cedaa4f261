import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The page must run under a policy that permits scripts and styles of its own origin alone: nothing is inlined, nothing
// comes from elsewhere.

// biome-ignore lint/style/noDefaultExport: Vite reads a default export
export default defineConfig({
  root: fileURLToPath(new URL('../renderer', import.meta.url)),
  // Relative, so that the page runs at `/` of a server and below `app://` alike.
  base: './',
  plugins: [react()],
  worker: { format: 'es' },
  build: {
    outDir: '../out/renderer',
    emptyOutDir: true,
    // What Electron 45 carries; browsers that people use today know the same.
    target: 'chrome150',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2_000,
    reportCompressedSize: false,
    // The licences of what is inside must travel with it.
    license: { fileName: 'licenses.md' },
  },
});
