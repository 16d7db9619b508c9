import { readFileSync } from "node:fs";
import path from "node:path";

// Reads deletion vectors by PROTOCOL.md ("Deletion Vectors") and the Roaring format specification, with nothing of
// the library under test.

/** As an action of the log has it. */
export interface DeletionVector {
  readonly storageType: string;
  readonly pathOrInlineDv: string;
  readonly offset?: number;
  readonly sizeInBytes: number;
  readonly cardinality: number;
}

/** The rows that a deletion vector deletes. @throws Error when it is not what the log says of it. */
export function deletedRows(vector: DeletionVector, table: string): Set<number> {
  const rows = new Set(bitmap(bytesOf(vector, table)));
  if (rows.size !== vector.cardinality) {
    throw new Error(`a deletion vector deletes ${rows.size} rows where the log says ${vector.cardinality}`);
  }
  return rows;
}

function bytesOf(
  { storageType, pathOrInlineDv, offset = 0, sizeInBytes }: DeletionVector,
  table: string,
): Buffer {
  if (storageType === "i") return base85(pathOrInlineDv).subarray(0, sizeInBytes);
  if (storageType !== "u") throw new Error(`a deletion vector of the type ${storageType}`);
  const [prefix, name] = [pathOrInlineDv.slice(0, -20), base85(pathOrInlineDv.slice(-20)).toString("hex")];
  const uuid = name.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const file = readFileSync(path.join(table, prefix, `deletion_vector_${uuid}.bin`));
  if (file.readUInt32BE(offset) !== sizeInBytes)
    throw new Error("a deletion vector of another size than the log says");
  const bytes = file.subarray(offset + 4, offset + 4 + sizeInBytes);
  if (crc32(bytes) !== file.readUInt32BE(offset + 4 + sizeInBytes)) {
    throw new Error("a deletion vector of another checksum than the one beside it");
  }
  return bytes;
}

/** 64-bit Roaring bitmaps: how many there are, then of each its high 32 bits and a 32-bit bitmap. */
function* bitmap(bytes: Buffer): Generator<number> {
  if (bytes.readUInt32LE(0) !== 1681511377) throw new Error("a deletion vector without its magic number");
  const count = Number(bytes.readBigUInt64LE(4));
  let at = 12;
  for (let index = 0; index < count; index++) {
    const high = bytes.readUInt32LE(at) * 2 ** 32;
    const { values, end } = bitmap32(bytes, at + 4);
    for (const value of values) yield high + value;
    at = end;
  }
}

function bitmap32(
  bytes: Buffer,
  start: number,
): { readonly values: readonly number[]; readonly end: number } {
  const cookie = bytes.readUInt32LE(start);
  const hasRuns = (cookie & 0xffff) === 12347;
  if (!hasRuns && cookie !== 12346) throw new Error("a deletion vector with an unknown cookie");
  const containers = hasRuns ? (cookie >>> 16) + 1 : bytes.readUInt32LE(start + 4);
  const runFlags = start + 4;
  let at = hasRuns ? runFlags + Math.ceil(containers / 8) : start + 8;
  const headers = Array.from({ length: containers }, (_, index) => ({
    high: bytes.readUInt16LE(at + 4 * index) * 2 ** 16,
    cardinality: bytes.readUInt16LE(at + 4 * index + 2) + 1,
    isRun: hasRuns && ((bytes.readUInt8(runFlags + (index >> 3)) >> (index & 7)) & 1) === 1,
  }));
  at += 4 * containers + (hasRuns && containers < 4 ? 0 : 4 * containers);
  const values: number[] = [];
  for (const { high, cardinality, isRun } of headers) {
    if (isRun) {
      const runs = bytes.readUInt16LE(at);
      for (let run = 0; run < runs; run++) {
        const first = bytes.readUInt16LE(at + 2 + 4 * run);
        const more = bytes.readUInt16LE(at + 4 + 4 * run);
        for (let value = first; value <= first + more; value++) values.push(high + value);
      }
      at += 2 + 4 * runs;
    } else if (cardinality <= 4096) {
      for (let index = 0; index < cardinality; index++)
        values.push(high + bytes.readUInt16LE(at + 2 * index));
      at += 2 * cardinality;
    } else {
      for (let bit = 0; bit < 65536; bit++) {
        if (((bytes.readUInt8(at + (bit >> 3)) >> (bit & 7)) & 1) === 1) values.push(high + bit);
      }
      at += 8192;
    }
  }
  return { values, end: at };
}

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

function base85(text: string): Buffer {
  const groups = text.match(/.{5}/gs) ?? [];
  const bytes = Buffer.alloc(4 * groups.length);
  for (const [index, group] of groups.entries()) {
    const value = [...group].reduce((sum, digit) => sum * 85 + DIGITS.indexOf(digit), 0);
    bytes.writeUInt32BE(value, 4 * index);
  }
  return bytes;
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
