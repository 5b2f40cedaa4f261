import type { PairingMath } from '../../core/ports.ts';
import { commitmentTo, digitsOf, newNonce } from './compared-digits.ts';
import { codeRun, codeSecret, newCode } from './typed-code.ts';

/** Both ways of pairing, as the node uses them. */
export const pairingMath: PairingMath = { newNonce, commitmentTo, digitsOf, newCode, codeSecret, codeRun };
