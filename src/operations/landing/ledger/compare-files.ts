import { LakeError } from "../../../../core/index.js";
import { quoteString, type Row, type Session } from "../../../../engine/index.js";
import { compareUtf8, type ObjectStore } from "../../../../object-store/index.js";
import { withFoundTable } from "./file-table.js";
import {
  CONTENT_DIGITS,
  type FoundFile,
  isUntouched,
  type LandedFile,
  type LedgerComparison,
  type TouchedFile,
} from "./landed-file.js";
import type { LedgerHead, LedgerSegment } from "./ledger-head.js";
import { withSegments } from "./segment-files.js";

/** Files that are looked up at a time: what comes of them passes through the JavaScript heap. */
const SLICE_FILES = 100_000;

/** What is known of one file; `undefined` when it never landed. */
type Known =
  | { readonly status: "same" }
  | { readonly status: "other"; readonly landed: LandedFile }
  | undefined;

/** See {@link Ledger.compare}. */
export async function compareFiles(
  session: Session,
  store: ObjectStore,
  head: LedgerHead,
  found: readonly FoundFile[],
  signal: AbortSignal | undefined,
): Promise<LedgerComparison> {
  const recent = new Map(head.recent.map((entry) => [entry.uri, entry]));
  const fresh: FoundFile[] = [];
  const unchanged: FoundFile[] = [];
  const touched: TouchedFile[] = [];
  for (let from = 0; from < found.length; from += SLICE_FILES) {
    const slice = found.slice(from, from + SLICE_FILES);
    const older = slice.filter(({ uri }) => !recent.has(uri));
    const inSegments = await lookUp(session, store, head.segments, older, signal);
    let place = 0;
    for (const file of slice) {
      const entry = recent.get(file.uri);
      const known = entry === undefined ? inSegments[place++] : knownAs(file, entry);
      if (known === undefined) fresh.push(file);
      else if (known.status === "same") unchanged.push(file);
      else touched.push({ found: file, landed: known.landed });
    }
  }
  return { fresh, unchanged, touched };
}

function knownAs(found: FoundFile, landed: LandedFile): Known {
  return isUntouched(found, landed) ? { status: "same" } : { status: "other", landed };
}

/** What the segments know of files, by their place in the list. */
async function lookUp(
  session: Session,
  store: ObjectStore,
  segments: readonly LedgerSegment[],
  files: readonly FoundFile[],
  signal: AbortSignal | undefined,
): Promise<Known[]> {
  const known = new Array<Known>(files.length).fill(undefined);
  const range = rangeOf(files);
  const relevant = segments.filter((segment) => overlaps(segment, range));
  if (range === undefined || relevant.length === 0) return known;
  const isMarked = files.some(({ mark }) => mark !== undefined);
  const matches = await withFoundTable(
    session,
    files,
    (table) =>
      withSegments(
        store,
        relevant,
        (relation) => session.rows(matchesSql(table, relation, range, isMarked), { signal }),
        signal,
      ),
    signal,
  );
  const ages = new Int32Array(files.length).fill(-1);
  for (const match of matches) {
    const place = numberIn(match, "place");
    const age = numberIn(match, "age");
    const newest = ages[place];
    const file = files[place];
    if (file === undefined || newest === undefined || (newest >= 0 && newest < age)) continue;
    ages[place] = age;
    known[place] =
      match["is_other"] === 0 ? { status: "same" } : { status: "other", landed: landedIn(match, file.uri) };
  }
  return known;
}

/** What a join tells the reader of its keys passes over too few row groups; the range of them does. */
function matchesSql(
  table: string,
  relation: string,
  { firstUri, lastUri }: UriRange,
  isMarked: boolean,
): string {
  const otherMark = isMarked
    ? ` OR (found.mark <> '' AND lower(substr(hex(landed.hash), ${CONTENT_DIGITS + 1})) <> found.mark)`
    : "";
  return `
    SELECT place, age, is_other, CASE WHEN is_other = 1 THEN size END AS size,
           CASE WHEN is_other = 1 THEN modification_time END AS modification_time,
           CASE WHEN is_other = 1 THEN lower(hex(hash)) END AS hash
    FROM (SELECT found.place, landed.*,
                 (landed.size <> found.size OR landed.modification_time <> found.modification_time${otherMark})::INTEGER AS is_other
          FROM ${table} AS found JOIN ${relation} AS landed ON landed.uri = found.uri
          WHERE landed.uri BETWEEN ${quoteString(firstUri)} AND ${quoteString(lastUri)})`;
}

type UriRange = Pick<LedgerSegment, "firstUri" | "lastUri">;

/** The least and the greatest URI; `undefined` of no files. */
function rangeOf(files: readonly FoundFile[]): UriRange | undefined {
  const [first] = files;
  if (first === undefined) return undefined;
  let firstUri = first.uri;
  let lastUri = first.uri;
  for (const { uri } of files) {
    if (compareUtf8(uri, firstUri) < 0) firstUri = uri;
    else if (compareUtf8(uri, lastUri) > 0) lastUri = uri;
  }
  return { firstUri, lastUri };
}

function overlaps(segment: UriRange, range: UriRange | undefined): boolean {
  return (
    range !== undefined &&
    compareUtf8(segment.firstUri, range.lastUri) <= 0 &&
    compareUtf8(segment.lastUri, range.firstUri) >= 0
  );
}

function landedIn(match: Row, uri: string): LandedFile {
  return {
    uri,
    size: numberIn(match, "size"),
    modificationTime: numberIn(match, "modification_time"),
    hash: String(match["hash"]),
  };
}

function numberIn(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  throw new LakeError("corrupt", "ledger-entry", `an entry of the landing ledger has no ${column}`);
}
