import type { FINDING_KINDS } from "./finding-kinds.js";

/**
 * `damage`: the table breaks the protocol or its data is not what the log says. `unsupported`: this release
 * cannot tell, or cannot read what the table needs. `warning`: nothing is lost, and it is worth knowing.
 */
export type FindingSeverity = "damage" | "unsupported" | "warning";

/** What stays the same of every finding of one code. */
export interface FindingKind {
  readonly severity: FindingSeverity;
  /** What all findings of this code have in common, for a heading. */
  readonly title: string;
  /** What to do, as one or two sentences. */
  readonly remedy: string;
}

/** Stable from release to release; docs/fsck.md lists them. */
export type FindingCode = keyof typeof FINDING_KINDS;

/** Where a finding is, as far as that can be told. */
export interface FindingPlace {
  /** Relative to the table's folder, not escaped; as the log has it when it lies outside. */
  readonly file?: string | undefined;
  readonly version?: bigint | undefined;
  /** Of the log entry, from 1. */
  readonly line?: number | undefined;
  /** Path of names, dotted. */
  readonly column?: string | undefined;
}

export interface Finding {
  readonly code: FindingCode;
  readonly severity: FindingSeverity;
  /** What is wrong, as one sentence without place and remedy. */
  readonly message: string;
  readonly place: FindingPlace;
  readonly remedy: string;
}
