const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const BITS = 5;

/** RFC 4648 base32 in lower case, without padding: survives being read aloud, and file names that ignore case. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= BITS) {
      bits -= BITS;
      text += ALPHABET.charAt((value >>> bits) & 31);
    }
    // Only what is not written yet is kept: the shift above would overflow.
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET.charAt((value << (BITS - bits)) & 31) : text;
}

/** The only bytes that `base32` writes as this text; `undefined` if there are none. */
export function fromBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * BITS) / 8));
  let at = 0;
  let bits = 0;
  let value = 0;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return undefined;
    value = (value << BITS) | digit;
    bits += BITS;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = value >>> bits;
      value &= (1 << bits) - 1;
    }
  }
  // One key has one spelling: spare bits are zero, and no character is spare.
  return bits < BITS && value === 0 ? bytes : undefined;
}
