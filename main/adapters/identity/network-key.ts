import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { InterMachineError } from '../../../shared/errors.ts';
import type { Connection, NetworkKey as Port, Role } from '../../core/ports.ts';
import { base32, fromBase32 } from './base32.ts';
import { readOrCreatePrivateFile, readPrivateFile, replacePrivateFile } from './private-file.ts';

/** 128 bits: out of reach of guessing, and still short enough to type once. */
const KEY_BYTES = 16;
const KEY_LENGTH = 26;
const KEY_ID_LENGTH = 8;
const KEY_ID_LABEL = 'InterMachine-key-id-v1';
/** Bytes of a connection's binding; fixed, so that role and binding cannot run into each other. */
const BINDING_BYTES = 32;
const MAC = /^[0-9a-f]{64}$/;

const EXPECTED =
  `${KEY_LENGTH} characters of a-z and 2-7 are expected, exactly as another node shows them ` +
  '(spaces and dashes do not count). A passphrase of your own cannot be used: it could be guessed.';

/** The secret that the members of one network share. It cannot be logged or serialised by accident. */
export class NetworkKey implements Port {
  /** 8 base32 characters. */
  readonly id: string;
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.id = base32(this.#hmac(Buffer.from(KEY_ID_LABEL))).slice(0, KEY_ID_LENGTH);
  }

  static random(): NetworkKey {
    return new NetworkKey(randomBytes(KEY_BYTES));
  }

  /** Upper or lower case, spaces and dashes at will. Throws NETWORK_KEY_INVALID, which never repeats the text. */
  static parse(text: string): NetworkKey {
    const plain = text.replace(/[\s-]/g, '').toLowerCase();
    const key = plain.length === KEY_LENGTH ? fromBase32(plain) : undefined;
    if (!key) throw new InterMachineError('NETWORK_KEY_INVALID', `That is not a network key: ${EXPECTED}`);
    return new NetworkKey(key);
  }

  /** 26 base32 characters. */
  reveal(): string {
    return base32(this.#bytes);
  }

  /** Throws where a line has no proper binding: a proof for it would be good elsewhere, too. */
  prove(connection: Pick<Connection, 'binding'>, role: Role): string {
    return this.#mac(connection, role).toString('hex');
  }

  accepts(connection: Pick<Connection, 'binding'>, role: Role, mac: string): boolean {
    // Comes from a peer: whatever its type says, it may be anything.
    return (
      typeof mac === 'string' && MAC.test(mac) && timingSafeEqual(this.#mac(connection, role), Buffer.from(mac, 'hex'))
    );
  }

  /** Bound to the role, so that a proof cannot be sent back to its maker; and to the line, so that it is worth nothing on another. */
  #mac({ binding }: Pick<Connection, 'binding'>, role: Role): Buffer {
    if (binding.length !== BINDING_BYTES)
      throw new InterMachineError('INTERNAL', `A binding of ${binding.length} bytes`);
    return this.#hmac(Buffer.from(role), binding);
  }

  #hmac(...parts: readonly Uint8Array[]): Buffer {
    const hmac = createHmac('sha256', this.#bytes);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  }
}

/**
 * The key of the network of this user of the operating system, made at the first start, so that all nodes that one
 * user starts on one host are one network at once. Throws NETWORK_KEY_INVALID, IDENTITY_INVALID where others can read
 * the file, DATA_DIR_UNUSABLE.
 */
export async function readOrCreateNetworkKey(file: string): Promise<NetworkKey> {
  const text = await readOrCreatePrivateFile(file, 'network key', () => `${NetworkKey.random().reveal()}\n`);
  try {
    return NetworkKey.parse(text);
  } catch (cause) {
    throw new InterMachineError(
      'NETWORK_KEY_INVALID',
      `The file ${file} holds no network key: ${EXPECTED} Write the key of your network into it, or delete it for a new one.`,
      { cause },
    );
  }
}

/** Where the file still has a key that was replaced, it gets the one that took its place. Throws as reading it does. */
export async function followNetworkKey(file: string, key: Port, replaced: readonly string[]): Promise<void> {
  const text = await readPrivateFile(file, 'network key');
  // Somebody may have written another network's key into it meanwhile, or anything else: that is theirs.
  if (text === undefined || !replaced.includes(keyIdIn(text) ?? '')) return;
  await replacePrivateFile(file, 'network key', `${key.reveal()}\n`);
}

function keyIdIn(text: string): string | undefined {
  try {
    return NetworkKey.parse(text).id;
  } catch {
    return undefined;
  }
}
