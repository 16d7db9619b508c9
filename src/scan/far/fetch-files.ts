import { LakeError } from "../../../core/index.js";
import type { Engine, Session } from "../../../engine/index.js";
import type { FetchOptions, ObjectLease } from "../../../object-store/index.js";
import { columnMappingMode, foldCase, type Predicate, type Snapshot } from "../../../table-format/index.js";
import { tierOf } from "../../raw-files/table-tier.js";
import type { FileShape } from "../file-shape.js";
import { fileShapesOf } from "../read-shapes.js";
import { findFileField } from "../read-value.js";
import { nameFarFile } from "./far-names.js";
import { explainFetchFailure } from "./fetch-failure.js";
import type { FetchTally } from "./fetch-tally.js";
import { fetchTogether } from "./fetch-together.js";
import { fetchFooter } from "./footer.js";
import { ObjectLocator } from "./locate-object.js";
import { type FilePlan, planChunks, type RowRange } from "./plan-chunks.js";
import { FileLayouts } from "./read-layouts.js";
import { wantedGroups } from "./wanted-groups.js";

/** A Parquet file of a store that is far away, as the log has it. */
export interface FarFile {
  /** Decoded, as `loggedFileSql` gives it. */
  readonly uri: string;
  /** Bytes. */
  readonly size: number;
  /** Another one where another file took its name. */
  readonly stamp: string;
  /** Whether it has the shape that the table declares. */
  readonly isTold: boolean;
  readonly hasVector: boolean;
}

/** What is needed of far files. */
export interface FarRequest {
  readonly snapshot: Snapshot;
  /** Names of the table's columns whose values are used. */
  readonly columns: ReadonlySet<string> | "all";
  /** Those of them of which the engine may look for one value. */
  readonly probed: ReadonlySet<string> | "all";
  /** Columns of files that the schema does not have and the scan needs. */
  readonly hiddenColumns: readonly string[];
  /** The rows that are asked for; `undefined` when a file is to be read as a whole. */
  readonly predicate: Predicate | undefined;
  readonly declared: FileShape;
  readonly tally: FetchTally;
}

/** A far file as the engine reads it: a sparse file of the local tier. */
export interface FarCopy {
  readonly localPath: string;
  /** Outside of which nothing is there to be read; `undefined` where every row of the columns is. */
  readonly rows: RowRange | undefined;
}

/** Copies of far files, in their order, and what is still on its way into them. */
export interface FarCopies {
  readonly copies: readonly FarCopy[];
  /** Brings what is needed and not there yet: nothing may be read before. */
  readonly fetchChunks: () => Promise<void>;
  /** Bytes of the chunks, at hand or not. */
  readonly chunkBytes: number;
}

/** Files with deletion vectors that may have readers of their own for some of their rows. */
const MAX_VECTOR_RANGES = 64;
/** Files that are looked after at a time; the stores themselves bound their connections. */
const PARALLEL_FILES = 64;

const LAYOUTS = new WeakMap<Engine, FileLayouts>();

/**
 * Leases sparse copies of far files for as long as the session lasts, brings their footers, and plans what else a scan
 * needs of them.
 *
 * @throws LakeError `corrupt` for a file that is not there or has no footer; as the store does.
 */
export async function farCopies(
  session: Session,
  files: readonly FarFile[],
  request: FarRequest,
  signal: AbortSignal | undefined,
): Promise<FarCopies> {
  const { snapshot, tally } = request;
  const { folder } = snapshot;
  const layouts = LAYOUTS.get(folder.engine) ?? new FileLayouts();
  LAYOUTS.set(folder.engine, layouts);
  const locator = new ObjectLocator(folder);
  const onFetch = tally.add;
  const opened = await fetchTogether(
    files,
    PARALLEL_FILES,
    (file, goOn) => openFile(session, file, { signal: goOn, onFetch }),
    signal,
  );
  const found = await layouts.of(
    session,
    opened.map(({ file, lease, dataEnd }) => ({ key: keyOf(file), localPath: lease.localPath, dataEnd })),
    signal,
  );
  const shapes = await shapesOf(session, opened, request, signal);
  const known = opened.map((one, index) => {
    const layout = found[index];
    if (layout !== undefined) return { ...one, layout };
    throw new LakeError("internal", "file-layout", `the engine has not told the layout of ${one.file.uri}`);
  });
  const wanted =
    request.predicate &&
    (await wantedGroups(
      session,
      { schema: snapshot.schema, ...snapshot.metadata },
      request.predicate,
      known.map(({ layout }) => layout),
      signal,
    ));
  const mayRange = files.filter(({ hasVector }) => hasVector).length <= MAX_VECTOR_RANGES;
  const columnsOf = fileColumns(request, request.columns);
  const probedOf = fileColumns(request, request.probed);
  const plans = planChunks(
    known.map(({ file, layout }, index) => ({
      layout,
      columns: columnsOf(shapes[index] ?? request.declared),
      probed: probedOf(shapes[index] ?? request.declared),
      wanted: mayRange || !file.hasVector ? wanted?.[index] : undefined,
    })),
  );
  const pending = known.flatMap(({ file, lease, tailStart }, index) => {
    const spans = spansBefore(plans[index], tailStart);
    return spans.length === 0 ? [] : [{ file, lease, spans }];
  });
  return {
    copies: known.map(({ lease }, index) => ({ localPath: lease.localPath, rows: plans[index]?.rows })),
    fetchChunks: async () => {
      await fetchTogether(
        pending,
        PARALLEL_FILES,
        ({ file, lease, spans }, goOn) =>
          explained(file.uri, () => lease.fetch(spans, { signal: goOn, onFetch })),
        signal,
      );
    },
    chunkBytes: pending.reduce(
      (sum, { spans }) => spans.reduce((bytes, { length }) => bytes + length, sum),
      0,
    ),
  };

  async function openFile(reader: Session, file: FarFile, options: FetchOptions): Promise<OpenedFile> {
    const { uri, size } = file;
    return explained(uri, async () => {
      const object = { ...locator.locate(uri), size };
      const lease = await tierOf(folder).leaseObject(object, { signal: options.signal });
      reader.keep(() => lease.release());
      nameFarFile(reader, lease.localPath, uri);
      const layout = layouts.find(keyOf(file));
      if (layout === undefined) {
        const { start, dataEnd } = await fetchFooter(lease, size, options);
        return { file, lease, tailStart: start, dataEnd };
      }
      const { dataEnd } = layout;
      await lease.fetch([{ offset: dataEnd, length: size - dataEnd }], options);
      return { file, lease, tailStart: dataEnd, dataEnd };
    });
  }
}

interface OpenedFile {
  readonly file: FarFile;
  readonly lease: ObjectLease;
  /** From where on its bytes are at hand. */
  readonly tailStart: number;
  readonly dataEnd: number;
}

function keyOf({ uri, size, stamp }: FarFile): string {
  return `${uri} ${size} ${stamp}`;
}

/** The shapes of files that have another than the table declares; `undefined` for the others. */
async function shapesOf(
  session: Session,
  opened: readonly OpenedFile[],
  { snapshot }: FarRequest,
  signal: AbortSignal | undefined,
): Promise<(FileShape | undefined)[]> {
  const untold = opened.filter(({ file }) => !file.isTold);
  const found = await fileShapesOf(snapshot.folder.engine).of(
    session,
    untold.map(({ file, lease }) => ({ file: lease.localPath, stamp: file.stamp })),
    signal,
  );
  const shapes = new Map(untold.map((one, index) => [one, found[index]]));
  return opened.map((one) => shapes.get(one));
}

/** Gives the names that columns of the table have in files of a shape, with those of hidden columns. */
function fileColumns(
  { snapshot, hiddenColumns }: FarRequest,
  columns: ReadonlySet<string> | "all",
): (shape: FileShape) => ReadonlySet<string> {
  const { schema, metadata } = snapshot;
  const mode = columnMappingMode(metadata.configuration);
  const partitions = new Set(metadata.partitionColumns.map(foldCase));
  const fields = schema.fields.filter(
    ({ name }) => (columns === "all" || columns.has(name)) && !partitions.has(foldCase(name)),
  );
  const known = new Map<FileShape, ReadonlySet<string>>();
  return (shape) => {
    const names =
      known.get(shape) ??
      new Set([
        ...fields.flatMap((field) => findFileField(shape.fields, field, mode)?.name ?? []),
        ...hiddenColumns,
      ]);
    known.set(shape, names);
    return names;
  };
}

/** What of a plan is not in the end of the file, which is at hand. */
function spansBefore(plan: FilePlan | undefined, end: number): FilePlan["spans"] {
  return (plan?.spans ?? []).flatMap(({ offset, length }) =>
    offset >= end ? [] : [{ offset, length: Math.min(length, end - offset) }],
  );
}

async function explained<T>(uri: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainFetchFailure(uri, error);
  }
}
