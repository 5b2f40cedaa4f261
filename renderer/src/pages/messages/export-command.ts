import type { ExportInput } from '../../../../shared/api.ts';
import { fileNameOf } from './export-file.ts';

/** Between quotes, these mean nothing else to any shell. Types and ids come from peers. */
const HARMLESS = /^[\p{L}\p{N} _.,:+-]+$/u;

/** The same export on the command line; `undefined` where it cannot be written so that every shell takes it as it is meant. */
export function exportCommand({ format, eventType, machine, node, text }: ExportInput): string | undefined {
  const options = Object.entries({ type: eventType, machine, node, text }).filter(([, value]) => value !== undefined);
  if (!options.every(([, value = '']) => HARMLESS.test(value))) return undefined;
  const filters = options.map(([name, value = '']) => ` --${name} ${/[^\w.-]/.test(value) ? `"${value}"` : value}`);
  return `intermachine export${format === 'csv' ? ' --format csv' : ''}${filters.join('')} --out ${fileNameOf(format)}`;
}
