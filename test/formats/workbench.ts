import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { Engine, type Row, type Session } from "../../engine/index.js";
import { discoverSources, type OpenedSource, openSource } from "../../formats/index.js";
import { readSource } from "../support/read-source.js";

/** An engine, a session and a folder for one test file. */
export interface Workbench {
  readonly session: Session;
  readonly folder: string;
  path(name: string): string;
  write(name: string, content: string | Uint8Array): string;
  /** Opens a file that holds one source. */
  open(name: string): Promise<OpenedSource>;
  /** Opens and reads a file as an ingest would. */
  read(name: string): Promise<{ readonly source: OpenedSource; readonly rows: Row[] }>;
}

export function workbench(): Workbench {
  const folder = mkdtempSync(join(tmpdir(), "grizzly-formats-"));
  let engine: Engine | undefined;
  let session: Session | undefined;
  beforeAll(async () => {
    engine = await Engine.open({ threads: 3 });
    session = await engine.acquire();
  });
  afterAll(() => {
    if (session !== undefined) engine?.release(session);
    engine?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const bench: Workbench = {
    get session() {
      if (session === undefined) throw new Error("the session opens with the first test");
      return session;
    },
    folder,
    path: (name) => join(folder, name),
    write(name, content) {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    },
    async open(name) {
      const [file] = await discoverSources([join(folder, name)]);
      if (file === undefined) throw new Error(`no file ${name}`);
      const [source, ...more] = await openSource(bench.session, file);
      if (source === undefined || more.length > 0)
        throw new Error(`${name} holds ${more.length + 1} sources`);
      return source;
    },
    async read(name) {
      const { source, result } = await readSource(await bench.open(name), (relation) =>
        bench.session.rows(relation.sql),
      );
      await source.dispose();
      return { source, rows: result };
    },
  };
  return bench;
}

/** The columns of a source as `name type`, in order. */
export const columnsOf = (source: OpenedSource): string[] =>
  source.columns.map(({ name, type }) => `${name} ${type}`);
