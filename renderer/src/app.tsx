import { lazy, type ReactNode, Suspense, useEffect, useRef } from 'react';
import { LinkBar } from './link-bar.tsx';
import { useNetwork } from './network.tsx';
import { useLink } from './node-link.tsx';
import { DeadLettersPage } from './pages/dead-letters/dead-letters-page.tsx';
import { DoctorPage } from './pages/doctor/doctor-page.tsx';
import { errorsOf } from './pages/files/file-state.ts';
import { FilesPage } from './pages/files/files-page.tsx';
import { MachinesPage } from './pages/machines/machines-page.tsx';
import { MessagesPage } from './pages/messages/messages-page.tsx';
import { OverviewPage } from './pages/overview/overview-page.tsx';
import { TrustPage } from './pages/trust/trust-page.tsx';
import { PairingPanel } from './pairing/pairing-panel.tsx';
import { CopyId } from './parts/copy-id.tsx';
import { count } from './parts/format.ts';
import { Icon, type IconName } from './parts/icon.tsx';
import { Notice, Skeleton } from './parts/notice.tsx';
import { plain, Text } from './parts/text.tsx';
import { type Route, useHash, useRoute } from './router.ts';
import { toggleTheme, useTheme } from './theme.ts';

// The statechart's code comes when the first machine is looked at.
const MachinePage = lazy(async () => ({ default: (await import('./pages/machine/machine-page.tsx')).MachinePage }));

const TITLES: Readonly<Record<Route['page'], string>> = {
  overview: 'Overview',
  machines: 'Machines',
  machine: 'Machine',
  files: 'Machine files',
  messages: 'Messages',
  deadLetters: 'Dead letters',
  trust: 'Trust',
  doctor: 'Doctor',
  unknown: 'Not found',
};

export function App() {
  const route = useRoute();
  const { state, problem } = useLink();
  const { node, error } = useNetwork();
  const main = useRef<HTMLElement>(null);
  const path = useHash().split('?')[0];
  const lastPath = useRef(path);
  useEffect(() => {
    document.title = `${TITLES[route.page]} – ${node ? plain(node.name, 40) : 'InterMachine'}`;
  }, [route.page, node]);
  useEffect(() => {
    // Who follows a link with the keyboard goes on reading where the new page begins.
    if (lastPath.current !== path) main.current?.focus({ preventScroll: true });
    lastPath.current = path;
  }, [path]);
  return (
    <div className="shell" data-link={state}>
      <button type="button" className="skip-link" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Sidebar route={route} />
      <main ref={main} tabIndex={-1} aria-label={TITLES[route.page]}>
        <PairingPanel />
        {error && !node ? (
          <Notice icon="warning" tone="bad" title="The node answers, but with an error">
            {plain(error.message, 500)}
          </Notice>
        ) : state === 'connecting' && problem !== undefined ? (
          <Notice icon="unplugged" title="No connection to the node">
            <p>{problem}.</p>
            <p>This page tries again by itself, and is there as soon as the node is.</p>
          </Notice>
        ) : (
          <Page route={route} />
        )}
      </main>
      <LinkBar />
    </div>
  );
}

function Page({ route }: { readonly route: Route }): ReactNode {
  switch (route.page) {
    case 'overview':
      return <OverviewPage />;
    case 'machines':
      return <MachinesPage />;
    case 'machine':
      return (
        <Suspense fallback={<Skeleton rows={8} />}>
          <MachinePage key={route.address} address={route.address} />
        </Suspense>
      );
    case 'files':
      return <FilesPage />;
    case 'messages':
      return <MessagesPage query={route.query} />;
    case 'deadLetters':
      return <DeadLettersPage />;
    case 'doctor':
      return <DoctorPage />;
    case 'trust':
      return <TrustPage />;
    case 'unknown':
      return (
        <Notice icon="search" title="There is no such page">
          <a href="#/">Go to the overview</a>
        </Notice>
      );
  }
}

/** Why the badge is red. */
const OPEN = 'Anybody on this network can join and send: for demos and closed labs only';

function Sidebar({ route }: { readonly route: Route }) {
  const { node, machines, files, trust } = useNetwork();
  const { state } = useLink();
  const wrong = files?.files.filter((file) => errorsOf(file).length > 0).length ?? 0;
  const theme = useTheme();
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <header className="sidebar">
      <a className="brand" href="#/" aria-label="InterMachine, overview">
        <Mark />
        <span>InterMachine</span>
      </a>
      <nav aria-label="Pages">
        <Tab href="#/" icon="overview" current={route.page === 'overview'}>
          Overview
        </Tab>
        <Tab
          href="#/machines"
          icon="machines"
          current={route.page === 'machines' || route.page === 'machine'}
          count={machines?.size}
        >
          Machines
        </Tab>
        <Tab href="#/files" icon="files" current={route.page === 'files'} count={wrong || undefined} tone="bad">
          Files
        </Tab>
        <Tab href="#/messages" icon="messages" current={route.page === 'messages'}>
          Messages
        </Tab>
        <Tab href="#/dead-letters" icon="letter" current={route.page === 'deadLetters'}>
          Letters
        </Tab>
        <Tab href="#/trust" icon="key" current={route.page === 'trust'} count={trust?.strangers.length || undefined}>
          Trust
        </Tab>
        <Tab href="#/doctor" icon="doctor" current={route.page === 'doctor'}>
          Doctor
        </Tab>
      </nav>
      {trust?.open && (
        <span className="badge open-network sidebar-open" title={OPEN}>
          OPEN
        </span>
      )}
      <div className="sidebar-node">
        <span className={`link-dot ${state}`} />
        {node ? (
          <>
            <Text className="sidebar-name" length={60}>
              {node.name}
            </Text>
            <CopyId id={node.id} label="the id of this node" />
          </>
        ) : (
          <span className="muted">{state === 'lost' ? 'Disconnected' : 'Connecting…'}</span>
        )}
      </div>
      <button
        type="button"
        className="icon-button theme-button"
        onClick={toggleTheme}
        aria-label={`Switch to the ${other} theme`}
        title={`Switch to the ${other} theme`}
      >
        <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
      </button>
    </header>
  );
}

interface TabProps {
  readonly href: string;
  readonly icon: IconName;
  readonly current: boolean;
  readonly count?: number | undefined;
  /** Of the count. */
  readonly tone?: 'bad';
  readonly children: string;
}

function Tab({ href, icon, current, count: number, tone, children }: TabProps) {
  return (
    <a href={href} aria-current={current ? 'page' : undefined}>
      <Icon name={icon} size={18} />
      <span>{children}</span>
      {number !== undefined && <span className={`tab-count ${tone ?? ''}`}>{count(number)}</span>}
    </a>
  );
}

const Mark = () => (
  <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" className="mark-back" />
    <path d="M10 11 22 20.500M10 21l6-5" stroke="#fff" strokeWidth="2" strokeLinecap="round" opacity=".75" />
    <circle cx="10" cy="11" r="3.500" fill="#fff" />
    <circle cx="22" cy="20.500" r="3.500" fill="#fff" />
    <circle cx="10" cy="21" r="2.500" fill="#8fe3c0" />
  </svg>
);
