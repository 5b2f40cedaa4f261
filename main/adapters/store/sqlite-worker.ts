import { parentPort, workerData } from 'node:worker_threads';
import { InterMachineError, reasonOf } from '../../../shared/errors.ts';
import { SqliteConnection } from './sqlite-connection.ts';
import type { StoreAnswers, StoreReply, StoreRequest } from './sqlite-requests.ts';

/** The store's thread: answers one request after the other. Only here does anybody wait for the disk. */
let connection: SqliteConnection | undefined;

parentPort?.on('message', (request: StoreRequest) => {
  parentPort?.postMessage(reply(request));
  if (request.type === 'close') parentPort?.close();
});

function reply(request: StoreRequest): StoreReply {
  try {
    return { ok: true, answer: answer(request) };
  } catch (thrown) {
    const code = thrown instanceof InterMachineError ? thrown.code : 'STORE_FAILED';
    return { ok: false, code, message: reasonOf(thrown) };
  }
}

function answer(request: StoreRequest): StoreAnswers[StoreRequest['type']] {
  if (request.type === 'open') {
    connection ??= new SqliteConnection(workerData);
    return connection.state();
  }
  if (connection === undefined) throw new InterMachineError('STORE_FAILED', 'the store is not open');
  switch (request.type) {
    case 'commit':
      connection.commit(request.changes);
      return;
    case 'messages':
      return connection.messages(request.query);
    case 'audit':
      return connection.audit(request.query);
    case 'close':
      connection.close();
      connection = undefined;
      return;
  }
}
