import type { IngestReport, StreamIngestOptions } from "../../index.js";
import { interruption } from "../interruption.js";
import type { Invocation } from "../invocation.js";
import { plural } from "../terminal/amounts.js";
import { styleFor } from "../terminal/style.js";
import { avroSchemaText, type IngestArguments, ingestText } from "./ingest.js";
import { landedLine } from "./watch.js";

export interface StreamArguments {
  readonly options: IngestArguments["options"] & Pick<StreamIngestOptions, "batchIntervalMs">;
  readonly avroSchemaFile: string | undefined;
}

/** Lands standard input as it comes. The result is one report of all commits. */
export async function ingestStandardInput(
  invocation: Invocation,
  { options: { batch, ...options }, avroSchemaFile }: StreamArguments,
): Promise<void> {
  const { stdin, signal } = invocation.io;
  const started = performance.now();
  const avroSchema = await avroSchemaText(avroSchemaFile);
  let total: IngestReport | undefined;
  try {
    await invocation.withLake(async (lake) => {
      const stream = lake.ingestStream(stdin, { ...options, avroSchema, batchBytes: batch?.bytes, signal });
      for await (const report of stream) {
        // One commit is told by the result, several as they come.
        if (total?.commits === 1) await invocation.message(landedLine(total, PLAIN).trimEnd());
        if (total !== undefined) await invocation.message(landedLine(report, PLAIN).trimEnd());
        total = total === undefined ? report : joined(total, report);
      }
    });
  } catch (error) {
    const stays = total === undefined ? "nothing was committed" : `${plural(total.commits, "commit")} stay`;
    throw interruption(error, signal, stays);
  }
  const report = total;
  if (report === undefined) return;
  await invocation.result(report, () => ingestText(report, performance.now() - started, invocation.style));
}

const PLAIN = styleFor(false);

/** The reports of a stream's batches, one after another, as one. */
function joined(former: IngestReport, next: IngestReport): IngestReport {
  const [first] = former.sources;
  const rows = former.rows + next.rows;
  const rescued = {
    rows: former.rescued.rows + next.rescued.rows,
    records: former.rescued.records + next.rescued.records,
  };
  return {
    ...next,
    created: former.created,
    commits: former.commits + next.commits,
    rows,
    rescued,
    bytesRead: former.bytesRead + next.bytesRead,
    bytesWritten: former.bytesWritten + next.bytesWritten,
    filesAdded: former.filesAdded + next.filesAdded,
    filesRemoved: former.filesRemoved + next.filesRemoved,
    sources: first === undefined ? next.sources : [{ ...first, rows, rescued }],
    changes: [...former.changes, ...next.changes],
  };
}
