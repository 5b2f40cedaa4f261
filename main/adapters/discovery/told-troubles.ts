import { reasonOf } from '../../../shared/errors.ts';

/** Tells a person what does not work once, however often it fails, and once when it works again. */
export class ToldTroubles {
  readonly #where: string;
  readonly #tell: (message: string) => void;
  readonly #now = new Set<string>();

  constructor(where: string, tell: (message: string) => void) {
    this.#where = where;
    this.#tell = tell;
  }

  failed(what: string, error: unknown): void {
    if (this.#now.has(what)) return;
    this.#now.add(what);
    this.#tell(`${this.#where}: ${what} failed (${reasonOf(error)}); trying again${hintFor(error)}`);
  }

  worked(what: string): void {
    if (this.#now.delete(what)) this.#tell(`${this.#where}: ${what} works again`);
  }
}

function hintFor(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE')
    return '. Another program holds the port for itself: stop it, or name peers by their address';
  if (code === 'EACCES' || code === 'EPERM') return '. A firewall or a sandbox forbids it';
  return '';
}
