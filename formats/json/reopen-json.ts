import { createReadStream } from "node:fs";
import { LakeError, throwIfCancelled } from "../../core/index.js";
import { engineReason, invalidSource, mayBeTheFile } from "../failure.js";
import type { SourceFile } from "../source/source-file.js";
import { refuseUnreadable } from "./fit/tell-place.js";
import { type JsonLayout, JsonScanner } from "./json-scanner.js";
import { type JsonSource, MAXIMUM_RECORD_BYTES, uriOf } from "./json-source.js";

/**
 * What to open after a failure: the source with types from every record and room for the longest.
 *
 * @param state of the source that was read; none where not even its columns were found
 * @throws LakeError the failure, explained, when neither would help.
 */
export async function widened(
  source: JsonSource,
  failure: unknown,
  state: { readonly exact: boolean; readonly isSettled: boolean } | undefined,
  signal: AbortSignal | undefined,
): Promise<JsonSource> {
  if (!mayBeTheFile(failure)) throw failure;
  const { files, maximumRecordBytes, notes } = source;
  const [file] = files;
  if (source.misfits === "rescue" && (state === undefined || state.isSettled)) throw failure;
  const longestRecord = source.misfits === "rescue" ? 0 : await longestOf(source, signal);
  if (longestRecord >= MAXIMUM_RECORD_BYTES) {
    throw new LakeError(
      "unsupported",
      "record-size",
      `${file.uri}: a record of ${longestRecord} bytes is too long`,
      {
        context: { file: file.uri },
      },
    );
  }
  if (longestRecord >= maximumRecordBytes) return { ...source, maximumRecordBytes: longestRecord + 1 };
  const what = refusedRecord(failure);
  if (state === undefined || state.isSettled) {
    if (isPlaced(failure)) throw failure;
    await refuseUnreadable(files, source.layout, signal);
    throw invalidSource(uriOf(files.map(({ uri }) => uri)), "unreadable-json", what, {}, { cause: failure });
  }
  if (state.exact) return source;
  return {
    ...source,
    whole: true,
    notes: [...notes, `types come from every record, as a sample did not tell all: ${what}`],
  };
}

/** Whether an error names a file and a place in it already. */
function isPlaced(failure: LakeError): boolean {
  return failure.context["file"] !== undefined && failure.context["line"] !== undefined;
}

/**
 * The one place that reads the JSON reader's message: why it refused a record. Which one, it counts only
 * approximately.
 */
function refusedRecord(failure: LakeError): string {
  const reason = engineReason(failure);
  const match =
    /^(?:JSON transform error|Malformed JSON) in file "[^"]*", (?:in|at byte \d+ in) (?:line|record\/value) \d+: (.*)$/.exec(
      reason,
    );
  return match?.[1] || reason;
}

/**
 * The bytes of the longest record.
 *
 * @throws LakeError `invalid-input` with file, line, column and offset when the JSON is broken.
 */
async function longestOf({ files, layout }: JsonSource, signal: AbortSignal | undefined): Promise<number> {
  let longest = 0;
  for (const file of files) longest = Math.max(longest, await scan(file, layout, signal));
  return longest;
}

async function scan(file: SourceFile, layout: JsonLayout, signal: AbortSignal | undefined): Promise<number> {
  const scanner = new JsonScanner(layout);
  for await (const chunk of createReadStream(file.localPath) as AsyncIterable<Uint8Array>) {
    throwIfCancelled(signal);
    scanner.push(chunk);
    if (scanner.fault !== undefined) break;
  }
  scanner.end();
  const { fault, longestRecord } = scanner;
  if (fault === undefined) return longestRecord;
  const { what, ...place } = fault;
  throw invalidSource(file.uri, "broken-json", `the JSON is broken: ${what}`, place, {
    hint: "Correct the record or take it out.",
  });
}
