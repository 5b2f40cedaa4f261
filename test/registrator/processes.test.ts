import { afterAll } from 'vitest';
import { registratorSuite } from '../compliance/registrator.ts';
import { Processes } from '../support/registrator/places.ts';

const processes = new Processes();
afterAll(() => processes.close());

registratorSuite('two processes', { movesTime: false, hasOtherNode: true }, () => processes.open());
