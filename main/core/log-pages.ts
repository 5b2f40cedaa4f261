import { lengthOf, linesOf, positionId, readLabel } from '../../shared/envelope-text.ts';
import { addressOf, type NodeId } from '../../shared/ids.ts';
import type { NewLogRow, Page } from './ports.ts';

/** Cuts texts of envelopes into pages of about `maxLength`: what is read again is read a page at a time. */
export function* textPagesOf(
  first: number,
  texts: readonly string[],
  maxLength: number,
): Iterable<Pick<Page, 'first' | 'count' | 'text'>> {
  for (let at = 0; at < texts.length; ) {
    const from = at;
    for (let length = 0; at < texts.length && length < maxLength; at++) length += lengthOf(texts[at] ?? '');
    yield { first: first + from, count: at - from, text: texts.slice(from, at).join('\n') };
  }
}

/** The rows of a page, for those who listen. */
export function* rowsOf(self: NodeId, page: Page): Iterable<NewLogRow> {
  const { direction, peer, epoch, first, count, text, loggedAt } = page;
  const [fromNode, toNode] = direction === 'out' ? [self, peer] : [peer, self];
  const lines = linesOf(text);
  for (let at = 0; at < count; at++) {
    const { id, from, to, sentAt, correlationId, causationId } = readLabel(lines[2 * at] ?? '');
    const eventJson = lines[2 * at + 1] ?? '';
    yield {
      id: id ?? positionId(epoch, first + at),
      direction,
      from: addressOf(fromNode, from),
      to: addressOf(toNode, to),
      sentAt,
      ...(correlationId !== undefined && { correlationId }),
      ...(causationId !== undefined && { causationId }),
      status: direction === 'out' ? 'accepted' : 'delivered',
      eventType: String((JSON.parse(eventJson) as { type: unknown }).type),
      eventJson,
      loggedAt,
    };
  }
}
