import '../../../renderer/src/styles/tokens.css';
import '../../../renderer/src/styles/base.css';
import '../../../renderer/src/styles/shell.css';
import '../../../renderer/src/styles/parts.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { NetworkProvider } from '../../../renderer/src/network.tsx';
import { NodeLinkProvider } from '../../../renderer/src/node-link.tsx';
import { MachinePage } from '../../../renderer/src/pages/machine/machine-page.tsx';
import { useRoute } from '../../../renderer/src/router.ts';

// A machine's page alone, without the shell around it.

const dark = matchMedia('(prefers-color-scheme: dark)').matches;
document.documentElement.dataset.theme = dark ? 'dark' : 'light';

function Page() {
  const route = useRoute();
  return route.page === 'machine' ? <MachinePage address={route.address} /> : null;
}

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <NodeLinkProvider>
        <NetworkProvider>
          <Page />
        </NetworkProvider>
      </NodeLinkProvider>
    </StrictMode>,
  );
