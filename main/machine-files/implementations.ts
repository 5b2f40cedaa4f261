import type { AnyStateMachine } from 'xstate';

/** What stands behind the names that a machine's configuration uses. */
export type Implementations = Required<Parameters<AnyStateMachine['provide']>[0]>;
