import { parentPort, workerData } from 'node:worker_threads';
import { ReaderConnection } from './reader-connection.ts';
import type { StoreAnswers, StoreRequest } from './sqlite-requests.ts';
import { answerRequests } from './worker-requests.ts';

/** The reader's thread: answers one request after the other. */
const connection = new ReaderConnection(workerData.file);

answerRequests(parentPort, (request: StoreRequest): StoreAnswers[StoreRequest['type']] => {
  switch (request.type) {
    case 'index':
      return connection.index();
    case 'copy':
      connection.copyTo(request.target);
      return;
    case 'close':
      connection.close();
      return;
    default:
      return connection.reading.answer(request);
  }
});
