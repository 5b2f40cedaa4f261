/** A process that makes or reads both key files of the directory it is given, and says what it found. */
import { join } from 'node:path';
import { readOrCreateKeyMaterial } from '../../../main/adapters/identity/file.ts';
import { readOrCreateNetworkKey } from '../../../main/adapters/identity/network-key.ts';

const directory = process.argv[2] ?? '';
const key = await readOrCreateNetworkKey(join(directory, 'network-key'));
const { node } = await readOrCreateKeyMaterial(join(directory, 'identity.pem'));
process.stdout.write(`${key.reveal()} ${node}`);
