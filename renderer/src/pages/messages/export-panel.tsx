import { useState } from 'react';
import type { ExportInput } from '../../../../shared/api.ts';
import { CopyId } from '../../parts/copy-id.tsx';
import { plural } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { plain } from '../../parts/text.tsx';
import { exportCommand } from './export-command.ts';
import { type Exporting, useExport } from './use-export.ts';

interface ExportPanelProps {
  /** The filters of the page; empty for the whole log. */
  readonly filter: Omit<ExportInput, 'format'>;
  /** There is nothing to save. */
  readonly isEmpty: boolean;
  readonly onClose: () => void;
}

/** Saves the log, or what the filters let through, to a file. */
export function ExportPanel({ filter, isEmpty, onClose }: ExportPanelProps) {
  const [format, setFormat] = useState<ExportInput['format']>('jsonl');
  const { exporting, start, cancel } = useExport();
  const input = { ...filter, format };
  const command = exportCommand(input);
  const isUnderWay = exporting.state === 'under way';
  // The desktop's window lets nothing out of its page, files included.
  const isDesktop = window.intermachine !== undefined;
  const isFiltered = Object.keys(filter).length > 0;
  const what = isFiltered ? 'What the filters let through, oldest first' : 'All messages of the log, oldest first';
  const nothing = isFiltered ? 'Nothing to save: no message matches' : 'Nothing to save: no messages yet';
  return (
    <section className="card export-panel" aria-label="Export">
      <div className="export-row">
        <p className="export-what">{isEmpty ? nothing : what}</p>
        <select
          className="field"
          aria-label="Format"
          value={format}
          disabled={isUnderWay}
          onChange={(event) => setFormat(event.target.value === 'csv' ? 'csv' : 'jsonl')}
        >
          <option value="jsonl">JSON Lines</option>
          <option value="csv">CSV, for spreadsheets</option>
        </select>
        {!isDesktop &&
          (isUnderWay ? (
            <button type="button" className="button" onClick={cancel}>
              Cancel
            </button>
          ) : (
            <button
              type="button"
              className="button primary"
              disabled={!start || isEmpty}
              onClick={() => start?.(input)}
            >
              <Icon name="down" size={14} />
              Save to a file
            </button>
          ))}
        <button type="button" className="icon-button" aria-label="Close the export" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      <Progress exporting={exporting} />
      <p className="export-command muted">
        {isDesktop ? 'This window saves no files. ' : ''}
        {command === undefined ? (
          <>
            {isDesktop ? 'On this computer, ' : 'On the computer of the node, '}
            <code>intermachine export --help</code> tells how to write these filters on the command line.
          </>
        ) : (
          <>
            {isDesktop ? 'On this computer, this does: ' : 'On the computer of the node the same is: '}
            <CopyId id={command} label="the command" length={command.length} />
          </>
        )}
      </p>
    </section>
  );
}

function Progress({ exporting }: { readonly exporting: Exporting }) {
  if (exporting.state === 'none') return null;
  if (exporting.state === 'under way')
    return (
      <div className="export-progress">
        <progress aria-label="Saved so far" value={exporting.done} />
        <span className="muted">
          {Math.floor(exporting.done * 100)} %, {plural(exporting.rows, 'row')}
        </span>
      </div>
    );
  if (exporting.state === 'failed')
    return (
      <p className="fault" role="alert">
        Nothing was saved: {plain(exporting.why, 300)}
      </p>
    );
  return (
    <p role="status">{exporting.state === 'cancelled' ? 'Cancelled: nothing was saved.' : savedText(exporting.rows)}</p>
  );
}

const savedText = (rows: number): string =>
  rows === 0 ? 'Saved, but empty: there was no message.' : `Saved: ${plural(rows, 'row')}.`;
