import { isUtf8 } from "node:buffer";
import type { Misfit } from "./record-fitter.js";

/** Where a record lies. */
export interface RecordPlace {
  /** As its source is named. */
  readonly file: string;
  readonly by: "line" | "row";
  /** From 1. */
  readonly number: number;
}

/** The text of `RESCUED` for a record of which some values found no place; each stands in it as it was written. */
export function rescuedValues(place: RecordPlace, data: Buffer, misfits: readonly Misfit[]): string {
  const values = misfits.map(
    ({ path, from, to }) => `${JSON.stringify(path)}:${data.toString("utf8", from, to)}`,
  );
  return `${head(place)},"values":{${values.join(",")}}}`;
}

/** The text of `RESCUED` for a record that could not be read. */
export function rescuedRecord(place: RecordPlace, record: Buffer, reason: string): string {
  const text = isUtf8(record)
    ? `"record":${JSON.stringify(record.toString("utf8"))}`
    : `"recordBase64":"${record.toString("base64")}"`;
  return `${head(place)},${text},"reason":${JSON.stringify(reason)}}`;
}

function head({ file, by, number }: RecordPlace): string {
  return `{"file":${JSON.stringify(file)},"${by}":${number}`;
}
