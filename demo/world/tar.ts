/** A file of a tar archive. */
export interface TarFile {
  readonly name: string;
  readonly content: Buffer;
}

const block = 512;

/** Packs files into a ustar archive: sorted by name, all times 0, so that the same files give the same bytes. */
export function packTar(files: readonly TarFile[]): Buffer {
  const parts: Buffer[] = [];
  for (const { name, content } of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (Buffer.byteLength(name) > 100) throw new RangeError(`The name is too long for a tar header: ${name}`);
    const header = Buffer.alloc(block);
    const put = (text: string, at: number): number => header.write(text, at, "latin1");
    put(name, 0);
    put("0000644\0", 100);
    put("0000000\0", 108);
    put("0000000\0", 116);
    put(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
    put("00000000000\0", 136);
    put("        ", 148);
    put("0", 156);
    put("ustar\u000000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    parts.push(header, content, Buffer.alloc((block - (content.length % block)) % block));
  }
  parts.push(Buffer.alloc(block * 2));
  return Buffer.concat(parts);
}

/** Reads the plain files of a ustar archive. */
export function unpackTar(archive: Buffer): TarFile[] {
  const files: TarFile[] = [];
  for (let at = 0; at + block <= archive.length; ) {
    const name = archive.toString("latin1", at, at + 100).replace(/\0.*$/s, "");
    if (name === "") break;
    const size = Number.parseInt(archive.toString("latin1", at + 124, at + 135), 8);
    files.push({ name, content: archive.subarray(at + block, at + block + size) });
    at += block + Math.ceil(size / block) * block;
  }
  return files;
}
