import type { MessagePort } from 'node:worker_threads';
import { InterMachineError, reasonOf } from '../../../shared/errors.ts';
import type { StoreAnswers, StoreReply, StoreRequest } from './sqlite-requests.ts';

/** Answers one request after the other, until it was told to close. */
export function answerRequests(
  port: MessagePort | null,
  answer: (request: StoreRequest) => StoreAnswers[StoreRequest['type']],
): void {
  port?.on('message', (request: StoreRequest) => {
    port.postMessage(reply(() => answer(request)));
    if (request.type === 'close') port.close();
  });
}

function reply(answer: () => StoreAnswers[StoreRequest['type']]): StoreReply {
  try {
    return { ok: true, answer: answer() };
  } catch (thrown) {
    const code = thrown instanceof InterMachineError ? thrown.code : 'STORE_FAILED';
    return { ok: false, code, message: reasonOf(thrown) };
  }
}
