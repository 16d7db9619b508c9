import { type Block, readCount, readLength, readNumber } from "./block.js";
import { type AvroType, unwrapped } from "./schema.js";
import { AvroDataError, endsEarly } from "./tap.js";

/** Passes over a value at a place of a block; gives the place behind it. */
export type Skip = (block: Block, at: number) => number;

const constant =
  (size: number): Skip =>
  (_block, at) =>
    at + size;

/** Passes over values of a type that nobody reads. */
export function skipOf(type: AvroType): Skip {
  switch (type.kind) {
    case "null":
      return (_block, at) => at;
    case "boolean":
      return constant(1);
    case "float":
      return constant(4);
    case "double":
      return constant(8);
    case "int":
    case "long":
    case "date":
    case "time-millis":
    case "time-micros":
    case "timestamp":
    case "enum":
      return readNumber;
    case "fixed":
    case "duration":
    case "uuid-fixed":
      return constant(type.size);
    case "decimal":
      return type.fixed === undefined ? skipBytes : constant(type.fixed.size);
    case "bytes":
    case "string":
    case "uuid":
      return skipBytes;
    case "array":
      return skipItems(skipOf(type.items));
    case "map": {
      const skipValue = skipOf(type.values);
      return skipItems((block, at) => skipValue(block, skipBytes(block, at)));
    }
    case "union": {
      const skips = type.branches.map(skipOf);
      return (block, at) => {
        const next = readCount(block, at);
        const skip = skips[block.count];
        if (skip === undefined) throw new AvroDataError(`a union has no branch ${block.count}`, at);
        return skip(block, next);
      };
    }
    case "record": {
      const skips = type.fields.map((field) => skipOf(field.type));
      return (block, at) => skips.reduce((place, skip) => skip(block, place), at);
    }
    case "recursive": {
      // Made when the first value is met: the type holds itself.
      let skip: Skip | undefined;
      return (block, at) => {
        skip ??= skipOf(unwrapped(type));
        return skip(block, at);
      };
    }
  }
}

function skipBytes(block: Block, at: number): number {
  const next = readLength(block, at);
  return next + block.count;
}

function skipItems(skipItem: Skip): Skip {
  return (block, at) => {
    for (;;) {
      at = readItemCount(block, at);
      const { count, itemsEnd } = block;
      if (count === 0) return at;
      if (itemsEnd !== undefined) {
        at = itemsEnd;
        continue;
      }
      for (let item = 0; item < count; item++) {
        at = skipItem(block, at);
        if (at > block.data.length) throw endsEarly(block.data.length);
      }
    }
  };
}

/** More items than this, or than there are bytes left, are not believed: an item may have no bytes at all. */
const MAXIMUM_EMPTY_ITEMS = 2 ** 20;

/**
 * Reads the number of items in the next part of an array or a map into `block.count`; 0 ends it. Avro
 * specification 1.12, "Arrays": a negative number is followed by the bytes that the items take, which gives
 * `block.itemsEnd`.
 */
export function readItemCount(block: Block, at: number): number {
  let next = readCount(block, at);
  block.itemsEnd = undefined;
  if (block.count < 0) {
    const count = -block.count;
    next = readLength(block, next);
    block.itemsEnd = next + block.count;
    block.count = count;
  }
  const left = block.data.length - next;
  if (left < 0 || (block.count > left && block.count > MAXIMUM_EMPTY_ITEMS))
    throw endsEarly(block.data.length);
  return next;
}
