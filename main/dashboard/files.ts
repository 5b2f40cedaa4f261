import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import type { Answer } from './answers.ts';

/** What a built page consists of. A file of another kind is not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** As the bundler names files by their contents: `/assets/main-Bx3f_k2Q.js`. */
const HASHED = /^\/assets\/.+-[\w-]{8,}\.\w+$/;
/** Seconds: a year, the customary "for ever". */
const FOR_EVER = 'private, max-age=31536000, immutable';

type Files = ReadonlyMap<string, Answer>;

/** The built page, held in memory: no path of a request ever reaches the file system. */
export class PageFiles {
  readonly #directory: string;
  #files: Files | undefined;
  #reading: Promise<Files | undefined> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** `undefined` while the page is not built, or not to the end; then the next call looks again. */
  async read(): Promise<Files | undefined> {
    if (this.#files) return this.#files;
    this.#reading ??= filesIn(this.#directory).finally(() => {
      this.#reading = undefined;
    });
    this.#files ??= await this.#reading;
    return this.#files;
  }
}

async function filesIn(directory: string): Promise<Files | undefined> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(ifMissing);
  const files = new Map<string, Answer>();
  for (const entry of entries ?? []) {
    const type = TYPES[extname(entry.name)];
    // A symbolic link is no file here: it could lead anywhere.
    if (!entry.isFile() || type === undefined) continue;
    const file = join(entry.parentPath, entry.name);
    const path = `/${relative(directory, file).split(sep).join('/')}`;
    const body = await readFile(file).catch(ifMissing);
    if (body === undefined) return undefined;
    // What has a hash in its name holds no data, and its name changes when it does.
    const caching = HASHED.test(path) ? { 'cache-control': FOR_EVER } : {};
    files.set(path === '/index.html' ? '/' : path, {
      status: 200,
      headers: { 'content-type': type, ...caching },
      body,
    });
  }
  return isComplete(files) ? files : undefined;
}

/** While the page is being built, its first file may be there before those that it asks for. */
function isComplete(files: Files): boolean {
  const html = files.get('/')?.body.toString();
  if (html === undefined) return false;
  return [...html.matchAll(/\b(?:src|href)="\.?(\/assets\/[^"]+)"/g)].every(([, path = '']) => files.has(path));
}

function ifMissing(thrown: unknown): undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw thrown;
}
