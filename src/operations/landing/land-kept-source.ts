import { isLakeError, LakeError } from "../../../core/index.js";
import type { Session } from "../../../engine/index.js";
import type { OpenedSource } from "../../../formats/index.js";
import { type Snapshot, violationOf } from "../../../table-format/index.js";
import type { KeptForm } from "./kept/keepable.js";
import { type KeptTable, landKept } from "./kept/land-kept.js";
import type { SourceOutcome } from "./land-source.js";
import type { LandingPlan } from "./landing-plan.js";
import { inFile } from "./landing-source.js";
import type { SourceLanding } from "./source-landing.js";

export interface LandKeptOptions {
  readonly form: Extract<KeptForm, { readonly kind: "kept" }>;
  readonly read: Snapshot | undefined;
  readonly inPlace: boolean;
  readonly avroSchema: string | undefined;
  /** Whether the rows are to be kept in the session too, which is not done. */
  readonly keep: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Lands a file as a data file of the table, as it is.
 *
 * @throws LakeError the table's rule that a row breaks, naming the file; `unsupported` `kept-changes`.
 */
export async function landKeptSource(
  session: Session,
  target: KeptTable & Pick<LandingPlan, "filled">,
  source: OpenedSource,
  { rules, reading }: SourceLanding,
  { form, read, inPlace, avroSchema, keep, now, signal }: LandKeptOptions,
): Promise<SourceOutcome> {
  if (keep) {
    throw new LakeError(
      "unsupported",
      "kept-changes",
      `${source.uri} cannot land as it is in the place of former rows: the table's change data feed is to tell its rows`,
      {
        context: { file: source.uri },
        hint: "Land it with --as parquet, or give the table deletion vectors.",
      },
    );
  }
  try {
    const { format } = form;
    const [file] = source.files;
    const { add, ...landed } = await landKept(session, {
      target,
      read,
      source,
      format,
      misfits: reading === "rescue" ? "rescue" : "refuse",
      sourceFile: target.filled.sourceFile ? file?.identity : undefined,
      readerSchema: avroSchema,
      inPlace,
      marker: rules.marker,
      now,
      signal,
    });
    const { rows, rescued, bytesWritten } = landed;
    const kept = add === undefined ? [] : [add];
    return {
      status: "written",
      files: [],
      kept,
      rows,
      rescued,
      bytesWritten,
      discard: () => landed.discard(),
    };
  } catch (failure) {
    if (isLakeError(failure, "cancelled")) throw failure;
    const violation = violationOf(failure, rules.marker);
    if (violation !== undefined) throw inFile(violation, source.uri);
    if (isLakeError(failure) && failure.context["file"] !== undefined && FINAL.has(failure.code))
      throw failure;
    return { status: "misfit", failure };
  }
}

/** Codes of what no other reading makes good. */
const FINAL: ReadonlySet<string> = new Set(["kept-column", "kept-partitions", "row-count"]);
