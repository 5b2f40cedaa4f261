import type { Finding, Severity } from '../../../../shared/diagnosis.ts';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { plain } from '../../parts/text.tsx';

// A colour never says a thing alone: the word stands for it where the icon cannot be seen.
const LOOKS: Readonly<Record<Severity, { readonly icon: IconName; readonly word: string }>> = {
  error: { icon: 'close', word: 'Error' },
  warning: { icon: 'warning', word: 'Warning' },
  hint: { icon: 'search', word: 'Note' },
  ok: { icon: 'check', word: 'Fine' },
};

/** Each with its cure, the worst first. */
export function Findings({ findings }: { readonly findings: readonly Finding[] }) {
  return (
    <section className="card" aria-labelledby="findings-title">
      <div className="card-head">
        <h2 id="findings-title">Findings</h2>
      </div>
      <ul className="findings">
        {findings.map(({ id, severity, text, cure }) => (
          <li key={`${id} ${text}`} className={severity}>
            <span className="finding-icon">
              <Icon name={LOOKS[severity].icon} size={15} />
            </span>
            <div>
              <p>
                <span className="visually-hidden">{LOOKS[severity].word}: </span>
                {plain(text, 1_000)}
              </p>
              {cure !== undefined && <p className="finding-cure">{plain(cure, 1_000)}</p>}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
