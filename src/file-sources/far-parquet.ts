import { open } from "node:fs/promises";
import { mapParallel } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import { fetchedFile, type RemoteSource, type SourceFile, whileFound } from "../../formats/index.js";
import type { FetchCounts, LocalTier, ObjectLease } from "../../object-store/index.js";
import { foldCase } from "../../table-format/index.js";
import { type FileLayout, isOfColumn } from "../scan/far/file-layout.js";
import { fetchFooter } from "../scan/far/footer.js";
import { planChunks } from "../scan/far/plan-chunks.js";
import { FileLayouts } from "../scan/far/read-layouts.js";
import { keep } from "./checked-source.js";

/** Files that are looked after at a time; the stores themselves bound their connections. */
const PARALLEL_FILES = 64;
const MAGIC = "PAR1";

/** Footers do not change: their keys name the content of the objects. */
const LAYOUTS = new FileLayouts();

export interface FarParquetOptions {
  readonly tier: LocalTier;
  readonly onFetch: (counts: FetchCounts) => void;
  readonly signal: AbortSignal | undefined;
}

/** Columns that are read: names, whose case does not matter. */
export type ReadColumns = readonly string[] | "all";

interface FarFile {
  readonly source: RemoteSource;
  readonly lease: ObjectLease;
  readonly dataEnd: number;
}

/** Pure: whether an object may be fetched by its columns: a Parquet file by its name, until its end is seen. */
export function mayBeParquet({ uri }: RemoteSource): boolean {
  return /\.parquet$/i.test(uri);
}

/**
 * Parquet objects of which the footers are fetched at once and the columns when they are asked for. They stay until the
 * session ends.
 */
export class FarParquet {
  readonly #session: Session;
  readonly #options: FarParquetOptions;
  readonly #files = new Map<SourceFile, FarFile>();

  constructor(session: Session, options: FarParquetOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** The object as a local file: with its footer alone where it is Parquet, else whole. */
  async open(source: RemoteSource): Promise<SourceFile> {
    const { tier, onFetch, signal } = this.#options;
    const lease = await tier.leaseObject(source.object, { signal });
    keep(this.#session, { dispose: () => lease.release() });
    return whileFound(source, async () => {
      const { dataEnd } = await fetchFooter(lease, source.size, { onFetch, signal });
      const file = fetchedFile(source, lease.localPath);
      if (await endsAsParquet(file)) this.#files.set(file, { source, lease, dataEnd });
      else await lease.fetch("all", { onFetch, signal });
      return file;
    });
  }

  /** Whether a file is one of these: not all of its bytes may be here. */
  has(file: SourceFile): boolean {
    return this.#files.has(file);
  }

  /**
   * Brings columns of files; nothing else of them may be read.
   *
   * @param names of all columns of these files, as the engine tells them
   */
  async fetchColumns(
    files: readonly SourceFile[],
    names: readonly string[],
    columns: ReadColumns,
  ): Promise<void> {
    const { onFetch, signal } = this.#options;
    const far = files.flatMap((file) => this.#files.get(file) ?? []);
    if (far.length === 0) return;
    const known = await LAYOUTS.of(
      this.#session,
      far.map(({ source, lease, dataEnd }) => ({ key: keyOf(source), localPath: lease.localPath, dataEnd })),
      signal,
    );
    const plans = planChunks(
      known.map((layout) =>
        layout === undefined
          ? { layout: { groups: [], dataEnd: 0 }, columns: "all" }
          : { layout, columns: columnsOf(layout, names, columns) },
      ),
    );
    await mapParallel(
      far.entries(),
      PARALLEL_FILES,
      async ([index, { source, lease }]) => {
        const spans = known[index] === undefined ? "all" : (plans[index]?.spans ?? "all");
        if (spans !== "all" && spans.length === 0) return;
        await whileFound(source, () => lease.fetch(spans, { onFetch, signal }));
      },
      signal,
    );
  }

  /** Brings all bytes of files. */
  async fetchAll(files: readonly SourceFile[]): Promise<void> {
    const { onFetch, signal } = this.#options;
    await mapParallel(
      files.flatMap((file) => this.#files.get(file) ?? []),
      PARALLEL_FILES,
      ({ source, lease }) => whileFound(source, () => lease.fetch("all", { onFetch, signal })),
      signal,
    );
  }
}

/** The engine calls columns whose names differ in their case only by names of its own: then all are read. */
function columnsOf(
  { groups }: FileLayout,
  names: readonly string[],
  columns: ReadColumns,
): ReadonlySet<string> | "all" {
  if (columns === "all") return "all";
  const wanted = new Set(columns.map(foldCase));
  const read = names.filter((name) => wanted.has(foldCase(name)));
  const [first] = groups;
  const isThere = (name: string): boolean =>
    first === undefined || first.chunks.some((chunk) => isOfColumn(chunk, name));
  return read.every(isThere) ? new Set(read) : "all";
}

function keyOf({ identity, size, modificationTime, object }: RemoteSource): string {
  return JSON.stringify([identity, size, object.etag ?? modificationTime]);
}

async function endsAsParquet({ localPath, size }: SourceFile): Promise<boolean> {
  if (size < MAGIC.length) return false;
  const file = await open(localPath);
  try {
    const buffer = Buffer.alloc(MAGIC.length);
    await file.read(buffer, 0, MAGIC.length, size - MAGIC.length);
    return buffer.toString("latin1") === MAGIC;
  } finally {
    await file.close();
  }
}
