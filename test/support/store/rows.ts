import type { Change, Direction, NewLogRow, OutboxRow, StreamPosition } from '../../../main/core/ports.ts';
import type { OutcomeStatus } from '../../../shared/envelope.ts';
import { addressOf, machineId, nodeId } from '../../../shared/ids.ts';

/** We, and two others. */
export const SELF = nodeId('s'.repeat(52));
export const KITCHEN = nodeId('k'.repeat(52));
export const CELLAR = nodeId('c'.repeat(52));

export const PING = machineId('ping');
export const PONG = machineId('pong');

export const EPOCH = '0123456789abcdef';
export const LATER_EPOCH = 'fedcba9876543210';

export const position = (sequence: number, peer = KITCHEN, epoch = EPOCH): StreamPosition => ({
  peer,
  epoch,
  sequence,
});

/** A row from KITCHEN's ping to our pong, or what the overrides make of it. */
export function logRow(id: string, overrides: Partial<NewLogRow> = {}): NewLogRow {
  const direction: Direction = overrides.direction ?? 'in';
  const theirs = addressOf(KITCHEN, PING);
  const ours = addressOf(SELF, PONG);
  return {
    id,
    direction,
    from: direction === 'in' ? theirs : ours,
    to: direction === 'in' ? ours : direction === 'out' ? theirs : addressOf(SELF, PING),
    sentAt: 1_700_000_000_000,
    loggedAt: 1_700_000_000_001,
    status: 'delivered',
    eventType: 'PING',
    eventJson: JSON.stringify({ type: 'PING', id }),
    ...overrides,
  };
}

export const log = (id: string, overrides: Partial<NewLogRow> = {}): Change => ({
  type: 'log',
  row: logRow(id, overrides),
});

export const status = (
  id: string,
  to: OutcomeStatus,
  overrides: Partial<Extract<Change, { type: 'status' }>> = {},
): Change => ({ type: 'status', direction: 'in', id, peer: KITCHEN, status: to, ...overrides });

export const outboxRow = (sequence: number, peer = KITCHEN, epoch = EPOCH): OutboxRow => {
  const id = `${peer[0]}-${epoch[0]}-${sequence}`;
  return {
    ...position(sequence, peer, epoch),
    id,
    envelope: {
      id,
      from: PONG,
      to: PING,
      sentAt: 1_700_000_000_000 + sequence,
      eventJson: JSON.stringify({ type: 'PONG', sequence }),
    },
  };
};

export const outboxAdd = (sequence: number, peer = KITCHEN, epoch = EPOCH): Change => ({
  type: 'outboxAdd',
  row: outboxRow(sequence, peer, epoch),
});

export const outboxRemove = (sequence: number, peer = KITCHEN, epoch = EPOCH): Change => ({
  type: 'outboxRemove',
  ...position(sequence, peer, epoch),
});

export const mark = (sequence: number, peer = KITCHEN, epoch = EPOCH): Change => ({
  type: 'mark',
  ...position(sequence, peer, epoch),
});
