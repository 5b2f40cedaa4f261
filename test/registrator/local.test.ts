import { registratorSuite } from '../compliance/registrator.ts';
import { localPlace } from '../support/registrator/places.ts';

registratorSuite('one process', { movesTime: true, hasOtherNode: false }, localPlace);
