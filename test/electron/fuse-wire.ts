/** Marks Electron's fuses in its binary (electron/fuses, src/constants.ts). */
export const SENTINEL = ['dL7pKGdnNz796PbbjQWNKmHX', 'BZaB9tsX'].join('');
