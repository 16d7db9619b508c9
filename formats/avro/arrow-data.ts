import { BufferType, Data, type DataType } from "apache-arrow";
import type { Part } from "./validity.js";

/** A column's part as Arrow data, over the same buffers. */
export function arrowData(type: DataType, part: Part): Data {
  const members = type.children ?? [];
  const children = part.children.map((child, index) => {
    const field = members[index];
    if (field === undefined) throw new RangeError(`${type} has no child ${index}`);
    return arrowData(field.type, child);
  });
  const buffers: Partial<Data["buffers"]> = {};
  if (part.offsets !== undefined) buffers[BufferType.OFFSET] = part.offsets;
  if (part.values !== undefined) buffers[BufferType.DATA] = part.values;
  if (part.validity !== undefined) buffers[BufferType.VALIDITY] = part.validity;
  return new Data<DataType>(type, 0, part.length, part.nullCount, buffers, children);
}
