import './doctor-page.css';
import type { Diagnosis, Severity } from '../../../../shared/diagnosis.ts';
import { useCall, useLink } from '../../node-link.tsx';
import { plural } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { Notice, Skeleton } from '../../parts/notice.tsx';
import { plain } from '../../parts/text.tsx';
import { Findings } from './findings.tsx';
import { Looked } from './looked.tsx';

const NOTHING = {};

/** What is wrong with this node, its networks and the way to its peers, and what to do about it. */
export function DoctorPage() {
  const { loading, value, error, reload } = useCall('doctor', NOTHING);
  const { state } = useLink();
  const isOpen = state === 'open';
  return (
    <div className="page doctor">
      <div className="page-head">
        <h1>Doctor</h1>
        <p className="muted" role="status">
          {loading && isOpen ? 'Looking at interfaces, multicast and the way to each node…' : value && verdictOf(value)}
        </p>
        <button type="button" className="button" disabled={loading || !isOpen} onClick={reload}>
          <Icon name="reload" />
          Look again
        </button>
      </div>
      {error ? (
        <Notice icon="warning" tone="bad" title="The node could not look">
          {plain(error.message, 500)}
        </Notice>
      ) : value ? (
        <>
          <Findings findings={value.findings} />
          <Looked facts={value.facts} />
        </>
      ) : (
        <div className="card">
          <Skeleton rows={6} height={48} />
        </div>
      )}
    </div>
  );
}

const VERDICTS: Readonly<Record<Severity, string>> = {
  ok: 'All is well.',
  hint: 'All is well.',
  warning: 'It works, or could, but not as it should',
  error: 'Something does not work',
};

function verdictOf({ worst, findings }: Diagnosis): string {
  const many = findings.filter(({ severity }) => severity === 'warning' || severity === 'error').length;
  return many === 0 ? VERDICTS[worst] : `${VERDICTS[worst]}: ${plural(many, 'finding')} to look at.`;
}
