import type { ExportInput } from '../../../../shared/api.ts';
import { bytes } from '../../parts/format.ts';

/** Where an export goes. */
export interface ExportFile {
  write(text: string): Promise<void>;
  /** It is whole. */
  close(): Promise<void>;
  /** What was written so far is thrown away. */
  abort(): Promise<void>;
}

declare global {
  interface Window {
    /** Missing in Firefox and Safari. */
    showSaveFilePicker?(options: {
      readonly suggestedName: string;
    }): Promise<{ createWritable(): Promise<ExportFile> }>;
  }
}

/** Characters that a page gathers for a download: more would take the memory of its browser. */
const MOST_GATHERED = 64 * 1024 * 1024;
const REVOKED_AFTER_MS = 60_000;

export const fileNameOf = (format: ExportInput['format']): string => `messages.${format}`;

/**
 * Asks the person for a file, which is written as the export comes; browsers without that get a download once it is whole. To be called
 * in the turn of a click. `undefined` where the person chose none.
 */
export async function openExportFile(name: string): Promise<ExportFile | undefined> {
  if (!window.showSaveFilePicker) return gathering(name);
  try {
    const handle = await window.showSaveFilePicker({ suggestedName: name });
    return await handle.createWritable();
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') return undefined;
    throw thrown;
  }
}

function gathering(name: string): ExportFile {
  let parts: string[] = [];
  let length = 0;
  return {
    async write(text) {
      length += text.length;
      if (length > MOST_GATHERED)
        throw new Error(
          `this browser gathers a download in its memory, and it is larger than ${bytes(MOST_GATHERED)}. Set a filter, or use the command below`,
        );
      parts.push(text);
    },
    async close() {
      const url = URL.createObjectURL(new Blob(parts));
      const link = document.createElement('a');
      link.href = url;
      link.download = name;
      link.click();
      // Safari reads it some time after the click.
      setTimeout(() => URL.revokeObjectURL(url), REVOKED_AFTER_MS);
      parts = [];
    },
    async abort() {
      parts = [];
    },
  };
}
