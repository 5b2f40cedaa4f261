import type { ExportItem } from '../../shared/api.ts';
import type { Source } from '../../shared/rpc.ts';

/** Characters of one item: several fit into a frame of the dashboard's server, whatever they are. */
const PIECE = 100_000;

/** The parts of an export, the long ones in pieces; read on only when its reader has room. */
export function pieces(parts: AsyncIterable<ExportItem>): Source<ExportItem> {
  const cut = (async function* () {
    for await (const { text, ...progress } of parts)
      for (let at = 0; at < text.length || at === 0; at += PIECE)
        yield { text: text.slice(at, at + PIECE), ...progress };
  })();
  return {
    next: async () => (await cut.next()).value ?? undefined,
    stop: () => void cut.return(undefined),
  };
}

/** One item, when it is there. */
export function once<Item>(task: () => Promise<Item>): Source<Item> {
  let isAsked = false;
  return {
    next: async () => {
      if (isAsked) return undefined;
      isAsked = true;
      return await task();
    },
    stop: () => {},
  };
}
