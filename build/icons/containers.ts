interface Icon {
  /** Pixels, of either side. */
  readonly size: number;
  readonly png: Buffer;
}

/** Windows' container: a directory of pictures, then the pictures. PNG in it since Windows Vista. */
export function icoOf(icons: readonly Icon[]): Buffer {
  const head = Buffer.alloc(6 + 16 * icons.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(icons.length, 4);
  let at = head.length;
  icons.forEach(({ size, png }, index) => {
    const entry = 6 + 16 * index;
    // 256 does not fit in a byte and is written as 0.
    head.writeUInt8(size % 256, entry);
    head.writeUInt8(size % 256, entry + 1);
    head.writeUInt16LE(1, entry + 4);
    head.writeUInt16LE(32, entry + 6);
    head.writeUInt32LE(png.length, entry + 8);
    head.writeUInt32LE(at, entry + 12);
    at += png.length;
  });
  return Buffer.concat([head, ...icons.map(({ png }) => png)]);
}

/** Apple's names of the sizes that may be PNG. */
const ICNS_TYPES: Readonly<Record<number, string>> = {
  16: 'icp4',
  32: 'icp5',
  64: 'icp6',
  128: 'ic07',
  256: 'ic08',
  512: 'ic09',
};

/** macOS's container: pictures, each with its type and length before it. */
export function icnsOf(icons: readonly Icon[]): Buffer {
  const blocks = icons.flatMap(({ size, png }) => {
    const type = ICNS_TYPES[size];
    return type === undefined ? [] : [block(type, png)];
  });
  return block('icns', Buffer.concat(blocks));
}

function block(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32BE(8 + content.length, 4);
  return Buffer.concat([head, content]);
}
