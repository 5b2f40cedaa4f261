import { registratorSuite } from '../compliance/registrator.ts';
import { simulatedPlace } from '../support/registrator/places.ts';

registratorSuite('two nodes on a simulated network', { movesTime: true, hasOtherNode: true }, simulatedPlace);
