import { useSyncExternalStore } from 'react';

export type Theme = 'light' | 'dark';

const KEY = 'intermachine.theme';
const system = window.matchMedia('(prefers-color-scheme: dark)');
const watchers = new Set<() => void>();

/** What the person chose; missing while they go with their system. */
function chosen(): Theme | undefined {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === 'light' || theme === 'dark' ? theme : undefined;
  } catch {
    // A browser that keeps nothing: the system decides.
    return undefined;
  }
}

let theme: Theme = chosen() ?? systemTheme();
show();
system.addEventListener('change', () => {
  if (!chosen()) become(systemTheme());
});

function systemTheme(): Theme {
  return system.matches ? 'dark' : 'light';
}

function show(): void {
  document.documentElement.dataset.theme = theme;
}

function become(next: Theme): void {
  theme = next;
  show();
  for (const watcher of watchers) watcher();
}

/** Choosing what the system has anyway means to go with the system again. */
export function toggleTheme(): void {
  const next = theme === 'dark' ? 'light' : 'dark';
  try {
    if (next === systemTheme()) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // It holds for this page then.
  }
  become(next);
}

export const useTheme = (): Theme =>
  useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => theme,
  );
