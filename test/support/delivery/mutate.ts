import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { History as AnyHistory } from './history.ts';
import type { Edit } from './mutants.ts';

const root = new URL('../../../', import.meta.url);

/** The simulation over a product whose text was changed. Everything it imports is loaded anew, under a name of its own. */
export async function mutated(name: string, edits: readonly Edit[]): Promise<typeof AnyHistory> {
  const query = `?mutant=${name}`;
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const isOurs = specifier.startsWith('.') && context.parentURL?.endsWith(query) === true;
      return isOurs ? { ...resolved, url: `${resolved.url.split('?')[0]}${query}` } : resolved;
    },
    load(url, context, next) {
      if (!url.endsWith(query)) return next(url, context);
      const file = fileURLToPath(url.slice(0, -query.length));
      const ofFile = edits.filter((edit) => isOf(edit, file));
      const source = ofFile.length > 0 ? stripTypeScriptTypes(ofFile.reduce(edited, textOf(file))) : withoutTypes(file);
      return { format: 'module', source, shortCircuit: true };
    },
  });
  try {
    const { History } = (await import(`./history.ts${query}`)) as { History: typeof AnyHistory };
    return History;
  } finally {
    hooks.deregister();
  }
}

const textOf = (file: string): string => readFileSync(file, 'utf8');

/** Most files are the same for all mutants. */
const stripped = new Map<string, string>();

function withoutTypes(file: string): string {
  const source = stripped.get(file) ?? stripTypeScriptTypes(textOf(file));
  stripped.set(file, source);
  return source;
}

const isOf = ({ file }: Edit, path: string): boolean => fileURLToPath(new URL(file, root)) === path;

/** Throws unless the text is there, once; how it is broken into lines does not count. */
export function edited(text: string, { file, find, replace }: Edit): string {
  const escaped = find.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(escaped.replace(/\s+/g, '\\s+'), 'g');
  const places = text.match(pattern)?.length ?? 0;
  if (places !== 1) throw new Error(`${file}: "${find.slice(0, 60)}" is there ${places} times, not once`);
  return text.replace(pattern, () => replace);
}
