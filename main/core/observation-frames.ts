import type { Chart, MachineLive, MachineStatus } from '../../shared/api.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { isMachineId, type MachineId } from '../../shared/ids.ts';
import { type Check, exactly, isBoolean, isCode, isCount, isRecord, listOf, type Shape } from './checks.ts';

// The frames with which a node looks at the machines of another.

/** Whether the sender wants to know the states of all machines, and their changes. */
export interface Observe {
  readonly type: 'observe';
  readonly on: boolean;
}

/** What machines are doing, in a word each. */
export interface States {
  readonly type: 'states';
  readonly of: readonly MachineStateEntry[];
}
export type MachineStateEntry = readonly [id: MachineId, state: string, status: MachineStatus];

/** Asks for the live state of one machine, under a number of the asker's. */
export interface Watch {
  readonly type: 'watch';
  readonly watch: number;
  readonly machine: MachineId;
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
  readonly code?: ErrorCode;
}

export type ObservationFrame = Observe | States | Watch | Unwatch | Snapshot | Unseen | Describe | Description;

/** Levels of states in a chart from a peer. */
const MAX_CHART_DEPTH = 64;

const isString: Check = (value) => typeof value === 'string';
const isStatus: Check = (value) => value === 'active' || value === 'done' || value === 'error' || value === 'stopped';
const isStateEntry: Check = (value) =>
  Array.isArray(value) && value.length === 3 && isMachineId(value[0]) && isString(value[1]) && isStatus(value[2]);
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
  },
  optional: { error: isString, last: exactly({ required: { event: isString, transitions: listOf(isString) } }) },
});

export const OBSERVATION_SHAPES: Readonly<Record<ObservationFrame['type'], Shape>> = {
  observe: { required: { on: isBoolean } },
  states: { required: { of: listOf(isStateEntry) } },
  watch: { required: { watch: isCount, machine: isMachineId } },
  unwatch: { required: { watch: isCount } },
  snapshot: { required: { watch: isCount, live: isLive } },
  unseen: { required: { watch: isCount, code: isCode } },
  describe: { required: { question: isCount, machine: isMachineId } },
  description: { required: { question: isCount }, optional: { chart: isChart, code: isCode } },
};
