import { type DuckDBDataChunk, type DuckDBType, DuckDBTypeId, type DuckDBValue } from "@duckdb/node-api";
import { isSet } from "./bitmap.js";
import { stringsOf } from "./strings.js";
import { type Row, toValue, type Value } from "./value.js";
import { RawVector } from "./vector.js";

/** The rows of a chunk as objects, keyed by the columns' names. */
export function rowsOf(
  names: readonly string[],
  types: readonly DuckDBType[],
  chunk: DuckDBDataChunk,
): Row[] {
  const columns = RawVector.ofColumns(chunk).map((vector, index) =>
    columnValues(types[index], vector, () => chunk.getColumnValues(index)),
  );
  // After the last read of the chunk's memory, so that the chunk is still held until here.
  const rows = Array.from({ length: chunk.rowCount }, (): Record<string, Value> => ({}));
  for (const [index, name] of names.entries()) {
    const values = columns[index] ?? [];
    for (const [row, target] of rows.entries()) setField(target, name, values[row] ?? null);
  }
  return rows;
}

/** Assignment would set the prototype of the row for a column of that name. */
function setField(row: Record<string, Value>, name: string, value: Value): void {
  if (name === "__proto__")
    Object.defineProperty(row, name, { value, enumerable: true, configurable: true, writable: true });
  else row[name] = value;
}

/** `convert` gives the values as the bindings convert them, which is slow. */
function columnValues(
  type: DuckDBType | undefined,
  vector: RawVector,
  convert: () => readonly DuckDBValue[],
): Value[] {
  switch (type?.typeId) {
    case DuckDBTypeId.INTEGER:
      return numbers(vector, vector.words(4));
    case DuckDBTypeId.BIGINT: {
      const bytes = vector.bytes(8);
      return numbers(vector, new BigInt64Array(bytes.buffer, bytes.byteOffset, vector.size));
    }
    case DuckDBTypeId.DOUBLE: {
      const bytes = vector.bytes(8);
      return numbers(vector, new Float64Array(bytes.buffer, bytes.byteOffset, vector.size));
    }
    case DuckDBTypeId.VARCHAR:
      return strings(vector);
    default:
      return convert().map(toValue);
  }
}

function numbers(vector: RawVector, values: ArrayLike<number> | ArrayLike<bigint>): Value[] {
  const { validity } = vector;
  const result: Value[] = [];
  for (let row = 0; row < vector.size; row++) {
    result.push(validity === undefined || isSet(validity, row) ? (values[row] ?? null) : null);
  }
  return result;
}

function strings(vector: RawVector): Value[] {
  const { validity } = vector;
  const { offsets, bytes } = stringsOf(vector);
  const result: Value[] = [];
  for (let row = 0; row < vector.size; row++) {
    const isValid = validity === undefined || isSet(validity, row);
    result.push(isValid ? bytes.toString("utf8", offsets[row], offsets[row + 1]) : null);
  }
  return result;
}
