/** Standard and secure, so that the page has an origin of its own: `file://` would give it the disk. */
export const SCHEME = 'app';
export const HOST = 'dashboard';
export const PAGE = `${SCHEME}://${HOST}/index.html`;

/** Whether a frame shows what the shell itself serves. */
export function isDashboard(url: string): boolean {
  const parsed = URL.parse(url);
  return parsed?.protocol === `${SCHEME}:` && parsed.host === HOST;
}

/** Whether a navigation only loads the page again. */
export const isPage = (url: string): boolean => url.replace(/[?#].*$/s, '') === PAGE;
