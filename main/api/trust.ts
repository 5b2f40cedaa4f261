import type { Calls, Visitor } from '../../shared/api.ts';
import type { CallHandlers } from '../../shared/rpc.ts';
import type { InterMachineNode } from '../core/node.ts';
import { checked, INPUTS } from './inputs.ts';

type TrustCalls = Pick<
  CallHandlers<Calls>,
  | 'audit'
  | 'networkKey'
  | 'join'
  | 'rotate'
  | 'trust'
  | 'revoke'
  | 'block'
  | 'unblock'
  | 'compareDigits'
  | 'showCode'
  | 'typeCode'
  | 'agree'
  | 'endPairing'
>;

/** The calls about who may come in. */
export function trustCallsOf({ trust }: InterMachineNode, { by }: Visitor): TrustCalls {
  const acting = { by };
  const judge = (act: (node: string) => Promise<void>) => async (input: unknown) => {
    await act(checked(INPUTS.node, input).node);
    return {};
  };
  return {
    audit: async (input) => await trust.audit(checked(INPUTS.audit, input)),
    networkKey: async (input) => {
      checked(INPUTS.nothing, input);
      return { key: await trust.revealKey(acting) };
    },
    join: async (input) => {
      const { key, ...bring } = checked(INPUTS.join, input);
      await trust.join(key, { ...bring, by });
      return {};
    },
    rotate: async (input) => {
      checked(INPUTS.nothing, input);
      await trust.rotate(acting);
      return {};
    },
    trust: judge((node) => trust.trust(node, acting)),
    revoke: judge((node) => trust.revoke(node, acting)),
    block: judge((node) => trust.block(node, acting)),
    unblock: judge((node) => trust.unblock(node, acting)),
    compareDigits: (input) => {
      trust.compareWith(checked(INPUTS.node, input).node, acting);
      return {};
    },
    showCode: async (input) => {
      checked(INPUTS.nothing, input);
      await trust.showCode(acting);
      return {};
    },
    typeCode: async (input) => {
      const { node, code, ...bring } = checked(INPUTS.typeCode, input);
      await trust.typeCode(node, code, { ...bring, by });
      return {};
    },
    agree: (input) => {
      trust.agree({ ...checked(INPUTS.agree, input), by });
      return {};
    },
    endPairing: (input) => {
      checked(INPUTS.nothing, input);
      trust.endPairing();
      return {};
    },
  };
}
