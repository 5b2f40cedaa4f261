import { useSyncExternalStore } from 'react';

// Routes live in the hash: the server knows one page, and the desktop has no server.

export type Route =
  | { readonly page: 'overview' }
  | { readonly page: 'machines' }
  | { readonly page: 'machine'; readonly address: string }
  | { readonly page: 'files' }
  | { readonly page: 'messages'; readonly query: URLSearchParams }
  | { readonly page: 'deadLetters' }
  | { readonly page: 'doctor' }
  | { readonly page: 'trust' }
  | { readonly page: 'unknown' };

export function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const [first = '', second, ...more] = path.replace(/^\//, '').split('/');
  if (more.length > 0) return { page: 'unknown' };
  if (first === '') return { page: 'overview' };
  if (first === 'machines') {
    if (!second) return { page: 'machines' };
    const address = decoded(second);
    return address === undefined ? { page: 'unknown' } : { page: 'machine', address };
  }
  if (first === 'files' && !second) return { page: 'files' };
  if (first === 'dead-letters' && !second) return { page: 'deadLetters' };
  if (first === 'doctor' && !second) return { page: 'doctor' };
  if (first === 'trust' && !second) return { page: 'trust' };
  if (first === 'messages' && !second) return { page: 'messages', query: new URLSearchParams(query) };
  return { page: 'unknown' };
}

export const machineHref = (address: string): string => `#/machines/${encodeURIComponent(address)}`;

/** Messages that match; see the page for the names. */
export function messagesHref(query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString();
  return text === '' ? '#/messages' : `#/messages?${text}`;
}

/** In place of the present entry of the history: filters are not steps that one wants to go back through. */
export function replaceHash(href: string): void {
  history.replaceState(null, '', href);
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

/** The hash as it is now; components that read it follow it. */
export const useHash = (): string => useSyncExternalStore(watchHash, () => location.hash);

export const useRoute = (): Route => routeOf(useHash());

function watchHash(told: () => void): () => void {
  window.addEventListener('hashchange', told);
  return () => window.removeEventListener('hashchange', told);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
