import { createHmac, randomBytes } from 'node:crypto';

// How a command and the node that it means prove to each other that they can read the same token, without showing it: whoever
// took the port of a node that is gone learns nothing of use, and is not believed.

/** Request header of a command: what the node's proof is made over. */
export const NONCE_HEADER = 'x-intermachine-nonce';
/** Answer header of the node. */
export const PROOF_HEADER = 'x-intermachine-proof';

const NONCE = /^[\w-]{22,64}$/;

export const newNonce = (): string => randomBytes(16).toString('base64url');
export const isNonce = (text: unknown): text is string => typeof text === 'string' && NONCE.test(text);

/** The command's bearer: good for this run of the node alone. */
export const commandBearer = (token: string, run: string): string => mac(token, `command ${run}`);

/** What only a node with this token can answer, and only now. */
export const nodeProof = (token: string, run: string, nonce: string): string => mac(token, `node ${run} ${nonce}`);

const mac = (token: string, text: string): string => createHmac('sha256', token).update(text).digest('base64url');
