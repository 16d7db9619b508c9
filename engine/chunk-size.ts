import { type DuckDBType, DuckDBTypeId } from "@duckdb/node-api";
import { isSet } from "./bitmap.js";
import { STRING_WIDTH } from "./strings.js";
import type { RawVector } from "./vector.js";

/** The bytes of all strings and byte strings in a chunk, the part of its size that its rows do not tell. */
export function stringBytes(types: readonly DuckDBType[], vectors: readonly RawVector[]): number {
  let sum = 0;
  for (const [index, vector] of vectors.entries()) {
    const type = types[index];
    if (type !== undefined) sum += bytesIn(type, () => vector);
  }
  return sum;
}

/** `open` is called only for a type that may hold strings. */
function bytesIn(type: DuckDBType, open: () => RawVector): number {
  switch (type.typeId) {
    case DuckDBTypeId.VARCHAR:
    case DuckDBTypeId.BLOB:
    case DuckDBTypeId.GEOMETRY:
      return sumOfLengths(open());
    case DuckDBTypeId.LIST:
      return bytesIn(type.valueType, () => open().listChild());
    case DuckDBTypeId.ARRAY:
      return bytesIn(type.valueType, () => open().arrayChild(type.length));
    case DuckDBTypeId.STRUCT:
      return type.entryTypes.reduce(
        (sum, entry, index) => sum + bytesIn(entry, () => open().structChild(index)),
        0,
      );
    case DuckDBTypeId.MAP:
      return (
        bytesIn(type.keyType, () => open().listChild().structChild(0)) +
        bytesIn(type.valueType, () => open().listChild().structChild(1))
      );
    case DuckDBTypeId.UNION:
      return type.memberTypes.reduce(
        (sum, member, index) => sum + bytesIn(member, () => open().structChild(index + 1)),
        0,
      );
    default:
      return 0;
  }
}

function sumOfLengths(vector: RawVector): number {
  const words = vector.words(STRING_WIDTH);
  const { validity } = vector;
  let sum = 0;
  for (let row = 0; row < vector.size; row++) {
    if (validity === undefined || isSet(validity, row)) sum += (words[row * 4] ?? 0) >>> 0;
  }
  return sum;
}
