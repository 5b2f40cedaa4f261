import './theme.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import './styles/table.css';
import './styles/overview.css';
import './styles/messages.css';
import './styles/trust.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { NetworkProvider } from './network.tsx';
import { NodeLinkProvider } from './node-link.tsx';

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <NodeLinkProvider>
        <NetworkProvider>
          <App />
        </NetworkProvider>
      </NodeLinkProvider>
    </StrictMode>,
  );
