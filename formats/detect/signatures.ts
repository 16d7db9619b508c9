interface Signature {
  readonly bytes: readonly number[];
  readonly offset?: number;
  readonly looksLike: string;
}

const ascii = (text: string): number[] => [...Buffer.from(text, "latin1")];

/** Well-known files that hold no records we read, by their first bytes; for messages only. */
const SIGNATURES: readonly Signature[] = [
  { bytes: [0x89, ...ascii("PNG")], looksLike: "a PNG image" },
  { bytes: [0xff, 0xd8, 0xff], looksLike: "a JPEG image" },
  { bytes: ascii("GIF8"), looksLike: "a GIF image" },
  { bytes: ascii("%PDF-"), looksLike: "a PDF document" },
  { bytes: ascii("ORC"), looksLike: "an ORC file" },
  { bytes: ascii("PARE"), looksLike: "an encrypted Parquet file" },
  { bytes: ascii("SQLite format 3\0"), looksLike: "a SQLite database" },
  { bytes: ascii("DUCK"), offset: 8, looksLike: "a DuckDB database" },
  { bytes: ascii("ustar"), offset: 257, looksLike: "a tar archive" },
  { bytes: ascii("BZh"), looksLike: "a bzip2 file" },
  { bytes: [0xfd, ...ascii("7zXZ"), 0], looksLike: "an xz file" },
  { bytes: [0x04, 0x22, 0x4d, 0x18], looksLike: "an LZ4 file" },
  { bytes: [0xff, 0x06, 0, 0, ...ascii("sNaPpY")], looksLike: "a Snappy file" },
  { bytes: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], looksLike: "a 7-Zip archive" },
  { bytes: ascii("Rar!"), looksLike: "a RAR archive" },
  { bytes: [0x7f, ...ascii("ELF")], looksLike: "an executable" },
  { bytes: [0xd0, 0xcf, 0x11, 0xe0], looksLike: "an old Office document" },
  { bytes: ascii("FEA1"), looksLike: "a Feather version 1 file" },
];

export function hasBytes(data: Uint8Array, bytes: readonly number[], offset = 0): boolean {
  return data.length >= offset + bytes.length && bytes.every((byte, index) => data[offset + index] === byte);
}

/** What well-known kind of file these first bytes begin, as a phrase. */
export function knownSignature(head: Uint8Array): string | undefined {
  return SIGNATURES.find((signature) => hasBytes(head, signature.bytes, signature.offset))?.looksLike;
}
