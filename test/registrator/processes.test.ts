import { registratorSuite } from '../compliance/registrator.ts';
import { processesPlace } from '../support/registrator/places.ts';

registratorSuite('two processes', { movesTime: false, hasOtherNode: true }, processesPlace);
