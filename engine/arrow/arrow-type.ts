import { type DuckDBType, DuckDBTypeId } from "@duckdb/node-api";
import * as arrow from "apache-arrow";
import { LakeError } from "../../core/index.js";

/** The digits of a 128-bit decimal, the widest both sides have. */
export const MAX_DECIMAL_DIGITS = 38;

/** The Arrow schema of a result. Every field is nullable: the engine does not say which are not. */
export function arrowSchema(names: readonly string[], types: readonly DuckDBType[]): arrow.Schema {
  return new arrow.Schema(types.map((type, index) => arrowField(names[index] ?? `${index}`, type)));
}

function arrowField(name: string, type: DuckDBType): arrow.Field {
  return new arrow.Field(name, arrowTypeOf(type, name), true);
}

/**
 * The Arrow type that holds every value of an engine type.
 *
 * HUGEINT and UHUGEINT become Decimal(38, 0), as Arrow has no 128-bit integer. Types without an
 * Arrow equal (UUID, ENUM, BIT, BIGNUM, TIME WITH TIME ZONE) become their text.
 *
 * @throws LakeError `unsupported` for a VARIANT, whose type differs from value to value.
 */
export function arrowTypeOf(type: DuckDBType, column: string): arrow.DataType {
  switch (type.typeId) {
    case DuckDBTypeId.SQLNULL:
      return new arrow.Null();
    case DuckDBTypeId.BOOLEAN:
      return new arrow.Bool();
    case DuckDBTypeId.TINYINT:
      return new arrow.Int8();
    case DuckDBTypeId.SMALLINT:
      return new arrow.Int16();
    case DuckDBTypeId.INTEGER:
      return new arrow.Int32();
    case DuckDBTypeId.BIGINT:
      return new arrow.Int64();
    case DuckDBTypeId.UTINYINT:
      return new arrow.Uint8();
    case DuckDBTypeId.USMALLINT:
      return new arrow.Uint16();
    case DuckDBTypeId.UINTEGER:
      return new arrow.Uint32();
    case DuckDBTypeId.UBIGINT:
      return new arrow.Uint64();
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
      return new arrow.Decimal(0, MAX_DECIMAL_DIGITS, 128);
    case DuckDBTypeId.DECIMAL:
      return new arrow.Decimal(type.scale, type.width, 128);
    case DuckDBTypeId.FLOAT:
      return new arrow.Float32();
    case DuckDBTypeId.DOUBLE:
      return new arrow.Float64();
    case DuckDBTypeId.VARCHAR:
    case DuckDBTypeId.UUID:
    case DuckDBTypeId.ENUM:
    case DuckDBTypeId.BIT:
    case DuckDBTypeId.BIGNUM:
    case DuckDBTypeId.TIME_TZ:
      return new arrow.Utf8();
    case DuckDBTypeId.BLOB:
    case DuckDBTypeId.GEOMETRY:
      return new arrow.Binary();
    case DuckDBTypeId.DATE:
      return new arrow.DateDay();
    case DuckDBTypeId.TIME:
      return new arrow.TimeMicrosecond();
    case DuckDBTypeId.TIME_NS:
      return new arrow.TimeNanosecond();
    case DuckDBTypeId.TIMESTAMP:
      return new arrow.TimestampMicrosecond();
    case DuckDBTypeId.TIMESTAMP_TZ:
      return new arrow.TimestampMicrosecond("UTC");
    case DuckDBTypeId.TIMESTAMP_S:
      return new arrow.TimestampSecond();
    case DuckDBTypeId.TIMESTAMP_MS:
      return new arrow.TimestampMillisecond();
    case DuckDBTypeId.TIMESTAMP_NS:
      return new arrow.TimestampNanosecond();
    case DuckDBTypeId.INTERVAL:
      return new arrow.IntervalMonthDayNano();
    case DuckDBTypeId.LIST:
      return new arrow.List(arrowField("item", type.valueType));
    case DuckDBTypeId.ARRAY:
      return new arrow.FixedSizeList(type.length, arrowField("item", type.valueType));
    case DuckDBTypeId.STRUCT:
      return new arrow.Struct(
        type.entryTypes.map((entry, index) => arrowField(type.entryNames[index] ?? "", entry)),
      );
    case DuckDBTypeId.MAP:
      return new arrow.Map_(mapEntries(type.keyType, type.valueType), false);
    case DuckDBTypeId.UNION:
      return new arrow.SparseUnion(
        type.memberTypes.map((_, index) => index),
        type.memberTypes.map((member, index) => arrowField(type.memberTags[index] ?? "", member)),
      );
    default:
      throw new LakeError("unsupported", "arrow-type", `column ${column}: ${type} has no Arrow type`, {
        context: { column, type: String(type) },
        hint: "Cast the column to JSON or VARCHAR in the query.",
      });
  }
}

function mapEntries(
  key: DuckDBType,
  value: DuckDBType,
): arrow.Field<arrow.Struct<{ key: arrow.DataType; value: arrow.DataType }>> {
  const fields = [new arrow.Field("key", arrowTypeOf(key, "key"), false), arrowField("value", value)];
  return new arrow.Field("entries", new arrow.Struct(fields), false);
}
