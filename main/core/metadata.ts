import { isRecord } from './checks.ts';
import { MAX_METADATA_ENTRIES, MAX_METADATA_LENGTH } from './defaults.ts';

/** What keeps this from being the metadata of a machine, of ours or of a peer; `undefined` where nothing does. */
export function metadataFault(metadata: unknown): string | undefined {
  if (!isRecord(metadata)) return 'an object from names to texts is expected';
  const entries = Object.entries(metadata);
  if (entries.length > MAX_METADATA_ENTRIES) return `${MAX_METADATA_ENTRIES} entries at most`;
  let length = 0;
  for (const [name, text] of entries) {
    if (name === '__proto__') return 'the name "__proto__" is not allowed';
    if (typeof text !== 'string') return 'texts are expected';
    length += name.length + text.length;
  }
  return length > MAX_METADATA_LENGTH ? `${MAX_METADATA_LENGTH} characters at most, with the names` : undefined;
}
