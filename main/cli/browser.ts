import { spawn } from 'node:child_process';

/** Shows a page to the person at this computer, if there is one: nothing happens without a terminal or a display. */
export function openBrowser(url: string): void {
  const opener = openerOf(url);
  if (!process.stdout.isTTY || !opener) return;
  const [command, ...args] = opener;
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  // The address was printed; whoever has no opener copies it.
  child.on('error', () => {});
  child.unref();
}

function openerOf(url: string): readonly [string, ...string[]] | undefined {
  if (process.platform === 'darwin') return ['open', url];
  // The empty text is the title of a window, which `start` takes from the first text in quotes.
  if (process.platform === 'win32') return ['cmd', '/c', 'start', '""', url.replaceAll('&', '^&')];
  return process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? ['xdg-open', url] : undefined;
}
