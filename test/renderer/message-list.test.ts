import { describe, expect, test } from 'vitest';
import {
  EMPTY,
  type MessageList,
  released,
  withLive,
  withNewest,
  withOlder,
} from '../../renderer/src/pages/messages/message-list.ts';
import type { LogItem, MessageView } from '../../shared/api.ts';
import type { OutcomeStatus } from '../../shared/envelope.ts';

const row = (place: number, status: OutcomeStatus = 'accepted', id = `m${place}`) =>
  ({ place, id, direction: 'out', eventType: 'PING', status }) as MessageView;
const rows = (...places: number[]) => places.map((place) => row(place));
const live = (some: readonly MessageView[], outcomes: LogItem['outcomes'] = [], skipped = 0): LogItem => ({
  rows: some,
  outcomes,
  skipped,
});
const outcome = (place: number, status: OutcomeStatus) => ({ direction: 'out', id: `m${place}`, status }) as const;
const all = () => true;
const places = (list: MessageList) => list.rows.map(({ place }) => place);
const statusAt = (list: MessageList, place: number) => list.rows.find((one) => one.place === place)?.status;

describe('the list of messages', () => {
  test('live rows that come before the first page are in the list once', () => {
    const early = withLive(EMPTY, live(rows(5, 6)), all, false);
    expect(places(withNewest(early, rows(5, 4, 3), 3))).toEqual([6, 5, 4, 3]);
  });

  test('older pages follow, and a short one is the end', () => {
    const list = withOlder(withNewest(EMPTY, rows(9, 8), 2), rows(7), 2);
    expect(places(list)).toEqual([9, 8, 7]);
    expect(list.complete).toBe(true);
    expect(withNewest(EMPTY, rows(9, 8), 2).complete).toBe(false);
  });

  test('an outcome changes its row where it stands, and a final one is not taken back', () => {
    let list = withNewest(EMPTY, rows(2, 1), 9);
    list = withLive(list, live([], [outcome(1, 'handled')]), all, false);
    expect(statusAt(list, 1)).toBe('handled');
    list = withLive(list, live([], [outcome(1, 'delivered')]), all, false);
    expect(statusAt(list, 1)).toBe('handled');
    expect(statusAt(list, 2)).toBe('accepted');
  });

  test('an outcome that overtakes the page with its row is not lost', () => {
    const list = withLive(EMPTY, live([], [outcome(1, 'delivered'), outcome(1, 'ignored')]), all, false);
    expect(statusAt(withNewest(list, rows(1), 9), 1)).toBe('ignored');
    expect(statusAt(withOlder(list, rows(1), 9), 1)).toBe('ignored');
  });

  test('rows that nobody wants are left out', () => {
    const list = withLive(EMPTY, live(rows(1, 2, 3)), ({ place }) => place !== 2, false);
    expect(places(list)).toEqual([3, 1]);
  });

  test('what comes while the reader looks elsewhere is held, with its outcomes, until released', () => {
    let list = withNewest(EMPTY, rows(1), 9);
    list = withLive(list, live(rows(2, 3)), all, true);
    list = withLive(list, live([], [outcome(2, 'handled')]), all, true);
    expect(places(list)).toEqual([1]);
    expect(list.held.map(({ place }) => place)).toEqual([3, 2]);
    list = released(list);
    expect(places(list)).toEqual([3, 2, 1]);
    expect(statusAt(list, 2)).toBe('handled');
    expect(list.held).toEqual([]);
  });

  test('after a short loss the page joins what was there', () => {
    const list = withNewest(withNewest(EMPTY, rows(4, 3, 2, 1), 4), rows(6, 5, 4, 3), 4);
    expect(places(list)).toEqual([6, 5, 4, 3, 2, 1]);
  });

  test('after a long loss rows below the gap go, as the list would hide it', () => {
    const list = withNewest(withNewest(EMPTY, rows(2, 1), 4), rows(9, 8, 7, 6), 4);
    expect(places(list)).toEqual([9, 8, 7, 6]);
    expect(list.complete).toBe(false);
  });

  test('a log that began anew replaces the list', () => {
    const list = withNewest(withNewest(EMPTY, rows(3, 2, 1), 9), [row(1, 'handled', 'another')], 9);
    expect(list.rows.map(({ id }) => id)).toEqual(['another']);
  });

  test('the list does not grow without end', () => {
    let list: MessageList = { ...EMPTY, complete: true };
    for (let at = 0; at < 30; at++) {
      const many = Array.from({ length: 1_000 }, (_, index) => row(at * 1_000 + index));
      list = withLive(
        list,
        live(
          many,
          many.map(({ place }) => outcome(place, 'handled')),
        ),
        all,
        false,
      );
    }
    expect(list.rows).toHaveLength(20_000);
    expect(list.rows[0]?.place).toBe(29_999);
    expect(list.complete).toBe(false);
    expect(list.outcomes.size).toBeLessThanOrEqual(5_000);
  });
});
