/** One file of a ZIP archive, as its central directory lists it. */
export interface ZipEntry {
  readonly name: string;
  /** 0 stored, 8 deflate. */
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Where the entry's local header begins. */
  readonly headerOffset: number;
}

/** Where the central directory lies. */
export interface ZipDirectoryPlace {
  readonly offset: number;
  readonly size: number;
  readonly entries: number;
}

/** The end-of-central-directory record and its comment are never longer. */
export const MAX_END_RECORD = 22 + 0xffff + 20 + 56;

const view = (data: Uint8Array): DataView => new DataView(data.buffer, data.byteOffset, data.byteLength);

/**
 * Finds the central directory. PKWARE APPNOTE 4.3.16, and 4.3.14 to 4.3.15 for ZIP64.
 *
 * @param tail The last {@link MAX_END_RECORD} bytes of the archive, or all of it.
 */
export function findZipDirectory(tail: Uint8Array): ZipDirectoryPlace | undefined {
  const data = view(tail);
  for (let at = tail.length - 22; at >= 0; at--) {
    if (data.getUint32(at, true) !== 0x06054b50) continue;
    const plain = {
      entries: data.getUint16(at + 10, true),
      size: data.getUint32(at + 12, true),
      offset: data.getUint32(at + 16, true),
    };
    const needs64 = plain.entries === 0xffff || plain.size === 0xffffffff || plain.offset === 0xffffffff;
    const record = at - 20 - 56;
    if (!needs64 || record < 0 || data.getUint32(record, true) !== 0x06064b50) return plain;
    return {
      entries: Number(data.getBigUint64(record + 32, true)),
      size: Number(data.getBigUint64(record + 40, true)),
      offset: Number(data.getBigUint64(record + 48, true)),
    };
  }
  return undefined;
}

/**
 * The files that a central directory lists, folders left out. PKWARE APPNOTE 4.3.12.
 *
 * @throws RangeError when the directory is cut short.
 */
export function readZipDirectory(directory: Uint8Array, entries: number): ZipEntry[] {
  const data = view(directory);
  const found: ZipEntry[] = [];
  let at = 0;
  for (let index = 0; index < entries; index++) {
    if (data.getUint32(at, true) !== 0x02014b50) throw new RangeError("not a central directory header");
    const flags = data.getUint16(at + 8, true);
    const nameLength = data.getUint16(at + 28, true);
    const extraLength = data.getUint16(at + 30, true);
    const nameBytes = directory.subarray(at + 46, at + 46 + nameLength);
    // Bit 11 says UTF-8; without it names are nearly always ASCII, which is the same.
    const name = new TextDecoder().decode(nameBytes);
    const sizes = zip64Sizes(data, at, at + 46 + nameLength, extraLength);
    if (!name.endsWith("/")) {
      found.push({
        name,
        method: data.getUint16(at + 10, true),
        encrypted: (flags & 1) !== 0,
        crc32: data.getUint32(at + 16, true),
        ...sizes,
      });
    }
    at += 46 + nameLength + extraLength + data.getUint16(at + 32, true);
  }
  return found;
}

/** The sizes and the offset of a header, from the ZIP64 extra field where the header says so. */
function zip64Sizes(
  data: DataView,
  header: number,
  extra: number,
  extraLength: number,
): Pick<ZipEntry, "size" | "compressedSize" | "headerOffset"> {
  const size = data.getUint32(header + 24, true);
  const compressedSize = data.getUint32(header + 20, true);
  const headerOffset = data.getUint32(header + 42, true);
  for (let at = extra; at + 4 <= extra + extraLength; at += 4 + data.getUint16(at + 2, true)) {
    if (data.getUint16(at, true) !== 1) continue;
    let field = at + 4;
    const wide = (value: number): number => {
      if (value !== 0xffffffff) return value;
      field += 8;
      return Number(data.getBigUint64(field - 8, true));
    };
    return { size: wide(size), compressedSize: wide(compressedSize), headerOffset: wide(headerOffset) };
  }
  return { size, compressedSize, headerOffset };
}
