import type { MachineStatus, PeerState } from '../../../shared/api.ts';
import type { OutcomeStatus } from '../../../shared/envelope.ts';
import type { FileState } from '../pages/files/file-state.ts';
import { plain } from './text.tsx';

// A colour never says a thing alone: the word stands beside it.

type Tone = 'good' | 'warn' | 'bad' | 'idle' | 'busy';

const OUTCOMES: Readonly<Record<OutcomeStatus, Tone>> = {
  accepted: 'idle',
  delivered: 'busy',
  handled: 'good',
  ignored: 'warn',
  refused: 'bad',
  dead: 'bad',
  expired: 'bad',
  lost: 'bad',
};
const PEERS: Readonly<Record<PeerState, Tone>> = {
  alive: 'good',
  suspect: 'warn',
  offline: 'idle',
  untrusted: 'bad',
  blocked: 'bad',
};
const FILES: Readonly<Record<FileState, readonly [Tone, string]>> = {
  running: ['good', 'running'],
  warned: ['warn', 'running, with warnings'],
  stale: ['bad', 'errors; runs as before'],
  wrong: ['bad', 'errors'],
};
const STATUSES: Readonly<Record<MachineStatus, Tone>> = { active: 'good', done: 'idle', error: 'bad', stopped: 'idle' };

function Badge({
  tone,
  text,
  title,
}: {
  readonly tone: Tone;
  readonly text: string;
  readonly title?: string | undefined;
}) {
  return (
    <span className={`badge ${tone}`} title={title}>
      {text}
    </span>
  );
}

export function OutcomeBadge({ status, code }: { readonly status: OutcomeStatus; readonly code?: string | undefined }) {
  return <Badge tone={OUTCOMES[status] ?? 'idle'} text={plain(status, 20)} title={code && plain(code, 60)} />;
}

export const PeerBadge = ({ state }: { readonly state: PeerState }) => (
  <Badge tone={PEERS[state] ?? 'idle'} text={plain(state, 20)} />
);

export const FileBadge = ({ state }: { readonly state: FileState }) => (
  <Badge tone={FILES[state][0]} text={FILES[state][1]} />
);

export const StatusBadge = ({ status }: { readonly status: MachineStatus }) => (
  <Badge tone={STATUSES[status] ?? 'idle'} text={plain(status, 20)} />
);
