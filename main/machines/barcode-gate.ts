import { assign, setup } from 'xstate';
import { defineMachine } from '../machine-files/definition.ts';
import { reply } from '../xstate.ts';

/** Whether the last of its 13 digits is the one that follows from the others (EAN-13). */
export function isEan13(code: unknown): boolean {
  if (typeof code !== 'string' || !/^\d{13}$/.test(code)) return false;
  const sum = [...code.slice(0, 12)].reduce((all, digit, index) => all + Number(digit) * (index % 2 === 0 ? 1 : 3), 0);
  return (10 - (sum % 10)) % 10 === Number(code[12]);
}

/** Reads the code of a part and says whether it can be one. A module, because a check digit takes code. */
export const barcodeGate = defineMachine({
  type: 'BarcodeGate',
  metadata: { kind: 'simulation' },
  machine: setup({
    types: {
      context: {} as { readonly last: string; readonly passed: number; readonly refused: number },
      events: {} as { type: 'SCAN'; code: string },
    },
    guards: { isRight: ({ event }) => isEan13(event.code) },
  }).createMachine({
    id: 'barcodeGate',
    context: { last: '', passed: 0, refused: 0 },
    initial: 'waiting',
    states: {
      waiting: {
        on: {
          SCAN: [
            {
              guard: 'isRight',
              target: 'open',
              actions: [
                reply(({ event }) => ({ type: 'ACCEPTED', code: event.code })),
                assign({ last: ({ event }) => event.code, passed: ({ context }) => context.passed + 1 }),
              ],
            },
            {
              actions: [
                reply(({ event }) => ({ type: 'REJECTED', code: String(event.code) })),
                assign({ last: ({ event }) => String(event.code), refused: ({ context }) => context.refused + 1 }),
              ],
            },
          ],
        },
      },
      open: { after: { 400: 'waiting' } },
    },
  }),
});
