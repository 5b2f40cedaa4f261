/** Of the machines of code that every build brings: a small press line, and a gate. */
const CODE_NAMES = ['feeder', 'robot', 'press', 'inspector', 'barcode-gate'] as const;
/** Of those of JSON. */
const FILE_NAMES = ['thermostat', 'button-box', 'conveyor-cell'] as const;

export type CodeName = (typeof CODE_NAMES)[number];
export type FileName = (typeof FILE_NAMES)[number];

/** The names under which `--machine` hosts them. They stand apart from the machines, so that naming them loads none. */
export const SHIPPED_NAMES: readonly string[] = [...CODE_NAMES, ...FILE_NAMES];
