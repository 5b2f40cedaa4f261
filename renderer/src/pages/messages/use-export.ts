import { useEffect, useRef, useState } from 'react';
import type { ExportInput } from '../../../../shared/api.ts';
import { asError, useClient } from '../../node-link.tsx';
import { type ExportFile, fileNameOf, openExportFile } from './export-file.ts';

/** Milliseconds between two steps of the bar. */
const TOLD_EVERY_MS = 100;

export type Exporting =
  | { readonly state: 'none' }
  | { readonly state: 'cancelled' }
  | { readonly state: 'under way'; readonly rows: number; readonly done: number }
  | { readonly state: 'saved'; readonly rows: number }
  | { readonly state: 'failed'; readonly why: string };

/** Writes the log to a file of whoever looks. One at a time; leaving the page cancels it. */
export function useExport(): {
  readonly exporting: Exporting;
  /** Missing while there is no node to ask. */
  readonly start: ((input: ExportInput) => void) | undefined;
  readonly cancel: () => void;
} {
  const client = useClient();
  const [exporting, setExporting] = useState<Exporting>({ state: 'none' });
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);

  const run = async (asked: NonNullable<typeof client>, input: ExportInput) => {
    let file: ExportFile | undefined;
    const controller = new AbortController();
    abort.current?.abort();
    abort.current = controller;
    try {
      file = await openExportFile(fileNameOf(input.format));
      if (!file) return;
      let rows = 0;
      let toldAt = 0;
      setExporting({ state: 'under way', rows, done: 0 });
      for await (const item of asked.stream('export', input, controller.signal)) {
        if (item.text !== '') await file.write(item.text);
        rows = item.rows;
        if (performance.now() - toldAt < TOLD_EVERY_MS) continue;
        toldAt = performance.now();
        setExporting({ state: 'under way', rows, done: item.done });
      }
      if (controller.signal.aborted) {
        await file.abort();
        return setExporting({ state: 'cancelled' });
      }
      await file.close();
      setExporting({ state: 'saved', rows });
    } catch (thrown) {
      // Of a file that cannot be written there is nothing more to say.
      await file?.abort().catch(() => {});
      setExporting({ state: 'failed', why: asError(thrown).message });
    }
  };
  return {
    exporting,
    start: client && ((input) => void run(client, input)),
    cancel: () => abort.current?.abort(),
  };
}
