import type { Chart, MachineLive, MachineStatus, StateValue } from '../../shared/api.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { isMachineId, isName, type MachineId } from '../../shared/ids.ts';
import { type Check, exactly, isBoolean, isCode, isCount, isRecord, isText, listOf, type Shape } from './checks.ts';
import { MAX_INTEREST_TYPES } from './defaults.ts';

// The frames with which a node looks at the machines of another.

/** Of which machines the sender wants to know the states, and their changes: of all, or of these types. Replaces what it said before. */
export interface Interest {
  readonly type: 'interest';
  readonly all: boolean;
  readonly types: readonly string[];
}

/** What machines are doing, in a word each. */
export interface States {
  readonly type: 'states';
  readonly of: readonly MachineStateEntry[];
}
/** The value is `null` for logic that is no state machine. */
export type MachineStateEntry = readonly [
  id: MachineId,
  value: StateValue | null,
  tags: readonly string[],
  status: MachineStatus,
];

/** Asks for the live state of one machine, under a number of the asker's. */
export interface Watch {
  readonly type: 'watch';
  readonly watch: number;
  readonly machine: MachineId;
  /** Whether what it emits is wanted too. */
  readonly emitted: boolean;
}
export interface Unwatch {
  readonly type: 'unwatch';
  readonly watch: number;
}
/** The newest state; those in between may be left out. */
export interface Snapshot {
  readonly type: 'snapshot';
  readonly watch: number;
  readonly live: MachineLive;
}
/** The watched machine emitted this event, given as its JSON text. */
export interface Emitted {
  readonly type: 'emitted';
  readonly watch: number;
  readonly event: string;
}
/** No more snapshots: the machine ended, or was never there. */
export interface Unseen {
  readonly type: 'unseen';
  readonly watch: number;
  readonly code: ErrorCode;
}

/** Asks what there is to draw of a machine. */
export interface Describe {
  readonly type: 'describe';
  readonly question: number;
  readonly machine: MachineId;
}
export interface Description {
  readonly type: 'description';
  readonly question: number;
  readonly chart?: Chart;
  /** Of the chart: equal where two machines have the same definition. */
  readonly hash?: string;
  readonly code?: ErrorCode;
}

/** Asks to be told once when a machine ends, under a number of the asker's. */
export interface Monitor {
  readonly type: 'monitor';
  readonly monitor: number;
  readonly machine: MachineId;
}
export interface Demonitor {
  readonly type: 'demonitor';
  readonly monitor: number;
}
/** It ended, or was not there any more. */
export interface Down {
  readonly type: 'down';
  readonly monitor: number;
  readonly reason: DownReason;
}
export type DownReason = 'stopped' | 'failed';

export type ObservationFrame =
  | Interest
  | States
  | Watch
  | Unwatch
  | Snapshot
  | Emitted
  | Unseen
  | Describe
  | Description
  | Monitor
  | Demonitor
  | Down;

/** Levels of states in a chart, or in a state's value, from a peer. */
const MAX_CHART_DEPTH = 64;

const isString: Check = (value) => typeof value === 'string';
const isStatus: Check = (value) => value === 'active' || value === 'done' || value === 'error' || value === 'stopped';
const isStateValue =
  (depth: number): Check =>
  (value) =>
    typeof value === 'string' ||
    (depth < MAX_CHART_DEPTH && isRecord(value) && Object.values(value).every(isStateValue(depth + 1)));
const isStateEntry: Check = (value) =>
  Array.isArray(value) &&
  value.length === 4 &&
  isMachineId(value[0]) &&
  (value[1] === null || isStateValue(0)(value[1])) &&
  listOf(isString)(value[2]) &&
  isStatus(value[3]);
const isTypes: Check = (value) => listOf(isName)(value) && (value as unknown[]).length <= MAX_INTEREST_TYPES;
const isDownReason: Check = (value) => value === 'stopped' || value === 'failed';
const isStateType: Check = (value) => ['atomic', 'compound', 'parallel', 'final', 'history'].includes(String(value));

const isChartState =
  (depth: number): Check =>
  (value) =>
    depth < MAX_CHART_DEPTH &&
    exactly({
      required: {
        id: isString,
        key: isString,
        type: isStateType,
        children: (children) => listOf(isChartState(depth + 1))(children),
        entry: listOf(isString),
        exit: listOf(isString),
        invoke: listOf(isString),
        tags: listOf(isString),
      },
      optional: { initial: isString, history: isString, description: isString },
    })(value);

const isTransition = exactly({
  required: { id: isString, source: isString, label: isString, event: isString, actions: listOf(isString) },
  optional: { target: isString, guard: isString },
});

const isChart: Check = (value) =>
  isRecord(value) &&
  exactly({ required: { id: isString, root: isChartState(0), transitions: listOf(isTransition) } })(value);

const isLive = exactly({
  required: {
    status: isStatus,
    active: listOf(isString),
    state: isString,
    context: isString,
    contextIsCut: isBoolean,
    step: isCount,
    definition: isCount,
    tags: listOf(isString),
    failures: listOf(
      exactly({
        required: { at: isCount, reason: isString },
        optional: { eventType: isString, restartsAfterMs: isCount },
      }),
    ),
  },
  optional: {
    value: isStateValue(0),
    output: isString,
    error: isString,
    last: exactly({ required: { event: isString, transitions: listOf(isString) } }),
  },
});

export const OBSERVATION_SHAPES: Readonly<Record<ObservationFrame['type'], Shape>> = {
  interest: { required: { all: isBoolean, types: isTypes } },
  states: { required: { of: listOf(isStateEntry) } },
  watch: { required: { watch: isCount, machine: isMachineId, emitted: isBoolean } },
  unwatch: { required: { watch: isCount } },
  snapshot: { required: { watch: isCount, live: isLive } },
  emitted: { required: { watch: isCount, event: isString } },
  unseen: { required: { watch: isCount, code: isCode } },
  describe: { required: { question: isCount, machine: isMachineId } },
  description: { required: { question: isCount }, optional: { chart: isChart, hash: isText, code: isCode } },
  monitor: { required: { monitor: isCount, machine: isMachineId } },
  demonitor: { required: { monitor: isCount } },
  down: { required: { monitor: isCount, reason: isDownReason } },
};
