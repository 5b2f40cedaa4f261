/** What Apple's linker gave each copy of the same Electron. */
export const SHARED_UUID = Buffer.from('4c4c44a155553144a1b6d6e1f2a3b4c5', 'hex');

/** A 64-bit program of three load commands: a segment, the UUID, and one more that must stay as it is. */
export function machoOf(uuid = SHARED_UUID): Buffer {
  const commands = [command(0x19, Buffer.alloc(64, 1)), command(0x1b, uuid), command(0x32, Buffer.alloc(24, 2))];
  const header = Buffer.alloc(32);
  header.writeUInt32LE(0xfeedfacf, 0);
  header.writeUInt32LE(commands.length, 16);
  return Buffer.concat([header, ...commands, Buffer.alloc(32, 3)]);
}

/** A universal file of several programs, each at a multiple of 4,096. */
export function fatOf(programs: readonly Buffer[]): Buffer {
  const file = Buffer.alloc(4096 * (programs.length + 1));
  file.writeUInt32BE(0xcafebabe, 0);
  file.writeUInt32BE(programs.length, 4);
  programs.forEach((program, index) => {
    file.writeUInt32BE(4096 * (index + 1), 8 + 20 * index + 8);
    file.writeUInt32BE(program.length, 8 + 20 * index + 12);
    program.copy(file, 4096 * (index + 1));
  });
  return file;
}

function command(type: number, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(8 + content.length, 4);
  return Buffer.concat([head, content]);
}
