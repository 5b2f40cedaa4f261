import type { Diagnosis, Facts, Finding, Severity } from '../../shared/diagnosis.ts';
import { localFindings } from './diagnosis-local.ts';
import { networkFindings } from './diagnosis-network.ts';
import { peerFindings } from './diagnosis-peers.ts';

const ORDER: Readonly<Record<Severity, number>> = { error: 0, warning: 1, hint: 2, ok: 3 };

/** What is to be said about what was looked at: a plain sentence for each thing, and a cure where something is the matter. */
export function diagnosisOf(facts: Facts): Diagnosis {
  const findings: Finding[] = [...localFindings(facts), ...networkFindings(facts), ...peerFindings(facts)];
  findings.sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
  return { facts, findings, worst: findings[0]?.severity ?? 'ok' };
}
