import { type ReactNode, useId } from 'react';
import type { MachineLive } from '../../../../shared/api.ts';
import { Notice, Skeleton } from '../../parts/notice.tsx';
import { plain } from '../../parts/text.tsx';
import { messagesHref } from '../../router.ts';
import { Statechart } from '../../statechart/statechart.tsx';
import { ContextPanel } from './context-panel.tsx';
import { HealthPanel } from './health-panel.tsx';
import { Journal } from './journal.tsx';
import { LastMessages } from './last-messages.tsx';
import { MachineHeader } from './machine-header.tsx';
import './machine-page.css';
import { SendForm } from './send-form.tsx';
import { type SeenMachine, useMachine } from './use-machine.tsx';

/** One machine, of this node or of any other: its statechart as it runs, what it remembers, what it is sent. */
export const MachinePage = ({ address }: { readonly address: string }) => <Machine key={address} address={address} />;

function Machine({ address }: { readonly address: string }) {
  const machine = useMachine(address);
  const { presence, view, chart } = machine;
  // The actor of one that cannot go on stands at its beginning, where the machine is not.
  const isResting = presence === 'resting';
  const live = isResting ? undefined : machine.live;
  if (!view)
    return (
      <div className="page">
        {machine.watcher}
        {presence === 'loading' ? <Loading /> : <Unknown address={address} />}
      </div>
    );
  return (
    <div className="page machine-page">
      {machine.watcher}
      <MachineHeader view={view} live={live} presence={presence} />
      {presence !== 'here' && (
        <p className="away-note" role="status">
          {noteOf(presence, plain(view.nodeName, 60))}
        </p>
      )}
      <div className="machine-grid">
        <section className="card machine-chart" aria-label="What it does">
          <ChartArea machine={machine} live={live} />
        </section>
        <aside className="machine-side" aria-label="Details">
          <Panel title="Send an event">
            <SendForm address={address} chart={chart} live={live} />
          </Panel>
          <Panel title="Health">
            <HealthPanel view={view} live={machine.live} />
          </Panel>
          <Panel title="Context">
            {isResting ? <p className="muted">It does not run.</p> : <ContextPanel live={live} />}
          </Panel>
          <Panel
            title="Last messages"
            more={<a href={messagesHref({ machine: view.id, node: view.node })}>All its messages</a>}
          >
            <LastMessages machine={view} />
          </Panel>
          {view.journaled && (
            <Panel title="Journal">
              <Journal machine={view.id} />
            </Panel>
          )}
        </aside>
      </div>
    </div>
  );
}

function noteOf(presence: SeenMachine['presence'], nodeName: string): string {
  switch (presence) {
    case 'away':
      return `${nodeName} cannot be reached. What you see is what was known last; an event that you send is kept until it is back.`;
    case 'resting':
      return `This machine does not run on ${nodeName} now. An event that you send waits there until it does.`;
    default:
      return 'This machine is gone: its node no longer has it. What you see is what was known last.';
  }
}

function ChartArea({ machine, live }: { readonly machine: SeenMachine; readonly live: MachineLive | undefined }) {
  const { presence, chart, chartError, liveError } = machine;
  if (chart) return <Statechart chart={chart} live={live} isStale={presence !== 'here' || liveError !== undefined} />;
  if (!chartError) return <p className="chart-wait muted">Asking for its statechart…</p>;
  if (chartError.code === 'NOT_A_MACHINE')
    return (
      <Notice icon="machines" title="No statechart to draw">
        This one runs other logic than a state machine (a promise, a callback, an observable or a transition function),
        which has no states.
      </Notice>
    );
  if (presence !== 'here' || chartError.code === 'PEER_OFFLINE')
    return (
      <Notice icon="unplugged" title="Its statechart is not known">
        {presence === 'resting'
          ? 'It does not run, and was not asked before. It is drawn as soon as it does.'
          : 'Its node is away and was not asked before. It is drawn as soon as the node is back.'}
      </Notice>
    );
  return (
    <Notice icon="warning" tone="bad" title="Its statechart could not be read">
      {plain(chartError.message, 300)}
    </Notice>
  );
}

interface PanelProps {
  readonly title: string;
  readonly more?: ReactNode;
  readonly children: ReactNode;
}

function Panel({ title, more, children }: PanelProps) {
  const id = useId();
  return (
    <section className="card panel" aria-labelledby={id}>
      <div className="card-head">
        <h2 id={id}>{title}</h2>
        {more && <span className="push">{more}</span>}
      </div>
      <div className="panel-body">{children}</div>
    </section>
  );
}

const Loading = () => (
  <div className="card">
    <Skeleton rows={8} />
  </div>
);

const Unknown = ({ address }: { readonly address: string }) => (
  <Notice icon="search" title="No machine has this address">
    <p>
      <code>{plain(address, 120)}</code>
    </p>
    <p>
      It was unregistered, or its node has not been seen. Look at <a href="#/machines">all machines</a>.
    </p>
  </Notice>
);
