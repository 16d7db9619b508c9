import {
  FINDING_KINDS,
  type Finding,
  type FindingCode,
  type FindingLog,
  type FindingSeverity,
  type VersionRange,
} from "../../../table-format/index.js";

/** How many findings there are of one kind. */
export interface FindingCount {
  readonly code: FindingCode;
  readonly severity: FindingSeverity;
  readonly title: string;
  readonly count: bigint;
}

/** What checking a table came to. */
export interface FsckReport {
  readonly table: string;
  /** The table's folder, as a URI. */
  readonly location: string;
  /**
   * `sound`: no damage, though there may be warnings. `damaged`: at least one finding of damage. `unsupported`:
   * no damage was found, and not everything could be checked.
   */
  readonly verdict: "sound" | "damaged" | "unsupported";
  /** The version whose state and files were checked; `undefined` when the log gives none. */
  readonly version: bigint | undefined;
  /** The newest version that the log speaks of. */
  readonly newestVersion: bigint;
  /** The versions that the log can still give, ascending. */
  readonly readableVersions: readonly VersionRange[];
  /** Whether every value was read. */
  readonly deep: boolean;
  /** Live data files of the version. */
  readonly numFiles: bigint;
  readonly sizeInBytes: bigint;
  /** By kind, damage first; all findings are counted. */
  readonly counts: readonly FindingCount[];
  /** The first findings of each kind, in the order of `counts`. */
  readonly findings: readonly Finding[];
}

const SEVERITIES: readonly FindingSeverity[] = ["damage", "unsupported", "warning"];

/** The findings of a log in the order of their weight, and what they come to. Pure. */
export function summary(log: FindingLog): Pick<FsckReport, "verdict" | "counts" | "findings"> {
  const counts = [...log.counts]
    .map(([code, count]): FindingCount => {
      const { severity, title } = FINDING_KINDS[code];
      return { code, severity, title, count };
    })
    .sort((a, b) => rank(a) - rank(b));
  const findings = log.kept.toSorted((a, b) => rank(a) - rank(b));
  const worst = counts[0]?.severity;
  const verdict = worst === "damage" ? "damaged" : worst === "unsupported" ? "unsupported" : "sound";
  return { verdict, counts, findings };
}

const CODES = Object.keys(FINDING_KINDS);

function rank({
  code,
  severity,
}: {
  readonly code: FindingCode;
  readonly severity: FindingSeverity;
}): number {
  return SEVERITIES.indexOf(severity) * CODES.length + CODES.indexOf(code);
}
