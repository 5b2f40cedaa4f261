import { parentPort, workerData } from 'node:worker_threads';
import { InterMachineError } from '../../../shared/errors.ts';
import { SqliteConnection } from './sqlite-connection.ts';
import type { StoreAnswers, StoreRequest } from './sqlite-requests.ts';
import { answerRequests } from './worker-requests.ts';

/** The writer's thread. Only here does anybody wait for the disk. */
let connection: SqliteConnection | undefined;

answerRequests(parentPort, (request: StoreRequest): StoreAnswers[StoreRequest['type']] => {
  if (request.type === 'open') {
    connection ??= new SqliteConnection(workerData);
    return { state: connection.state(), isShared: connection.isShared, rows: connection.rows };
  }
  if (connection === undefined) throw new InterMachineError('STORE_FAILED', 'the store is not open');
  switch (request.type) {
    case 'commit':
      return connection.commit(request.changes);
    case 'audit':
      return connection.audit(request.query);
    case 'maintain':
      return connection.maintain();
    case 'look':
      connection.look();
      return;
    case 'close':
      connection.close();
      connection = undefined;
      return;
    default:
      return connection.reading.answer(request);
  }
});
