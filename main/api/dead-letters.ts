import type { Calls, DeadLetterView, Visitor } from '../../shared/api.ts';
import type { CallHandlers } from '../../shared/rpc.ts';
import type { InterMachineNode } from '../core/node.ts';
import type { DeadLetter } from '../core/ports.ts';
import { checked, INPUTS } from './inputs.ts';

type DeadLetterCalls = Pick<CallHandlers<Calls>, 'deadLetters' | 'retryDeadLetters' | 'dropDeadLetters' | 'forget'>;

/** Places that an audit row names. */
const NAMED = 20;

/** The calls about what will not arrive. */
export function deadLetterCallsOf(node: InterMachineNode, visitor: Visitor): DeadLetterCalls {
  const record = (action: string, places: readonly number[], detail = '') =>
    node.trust.record(action, namesOf(places), visitor, detail);
  return {
    deadLetters: async (input) => (await node.deadLetters.list(checked(INPUTS.deadLetters, input))).map(letterView),
    retryDeadLetters: async (input) => {
      const { places } = checked(INPUTS.places, input);
      const result = await node.deadLetters.retry(places);
      await record('retry', places, `${result.retried} sent again, ${result.failed.length} not`);
      return result;
    },
    dropDeadLetters: async (input) => {
      const { places } = checked(INPUTS.places, input);
      await node.deadLetters.drop(places);
      await record('drop', places);
      return {};
    },
    forget: async (input) => {
      const { node: peer } = checked(INPUTS.node, input);
      const letters = await node.forgetPeer(peer);
      await node.trust.record('forget', peer, visitor, `${letters} dead letters`);
      return { letters };
    },
  };
}

const namesOf = (places: readonly number[]): string =>
  `dead letter ${places.slice(0, NAMED).join(', ')}${places.length > NAMED ? ` and ${places.length - NAMED} more` : ''}`;

const letterView = ({ event, ...letter }: DeadLetter): DeadLetterView => ({
  ...letter,
  eventType: event.type,
  eventJson: JSON.stringify(event),
});
