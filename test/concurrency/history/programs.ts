import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { ROOT, runProcess } from "../../support/grizzly.js";

/** The compiled programs of a history, with all of the library that they run. */
export interface Programs {
  readonly folder: string;
  readonly worker: string;
  readonly checker: string;
}

const HISTORY = "test/concurrency/history";

function programsIn(folder: string): Programs {
  const program = (name: string): string => path.join(folder, HISTORY, `${name}.js`);
  return { folder, worker: program("worker"), checker: program("checker") };
}

/** Compiles the worker and the checker into a folder of its own, so that one can be changed and another not. */
export async function buildPrograms(folder: string): Promise<Programs> {
  await mkdir(folder, { recursive: true });
  await symlink(path.join(ROOT, "node_modules"), path.join(folder, "node_modules"));
  await writeFile(path.join(folder, "package.json"), '{ "type": "module" }\n');
  const config = {
    extends: path.join(ROOT, "tsconfig.json"),
    // The types are checked with those of every other file; here only JavaScript is wanted.
    compilerOptions: {
      noCheck: true,
      declaration: false,
      sourceMap: false,
      rootDir: ROOT,
      outDir: folder,
      typeRoots: [path.join(ROOT, "node_modules/@types")],
    },
    files: ["worker", "checker"].map((name) => path.join(ROOT, HISTORY, `${name}.ts`)),
    include: [],
  };
  const project = path.join(folder, "tsconfig.json");
  await writeFile(project, JSON.stringify(config));
  const compiler = path.join(ROOT, "node_modules/typescript/bin/tsc");
  const { code, stdout, stderr } = await runProcess(process.execPath, [compiler, "-p", project], {
    cwd: ROOT,
  });
  if (code !== 0) throw new Error(`the programs do not compile: ${stdout}${stderr}`);
  return programsIn(folder);
}

/** A fault in the library's code. */
export interface PlantedBug {
  readonly name: string;
  /** A file of the library, compiled: `table-format/transaction/conflict.js`. */
  readonly file: string;
  /** What stands there, once, and what takes its place. */
  readonly text: string;
  readonly instead: string;
}

/** The same programs with a bug in the library that they run. @throws Error when the code is not there. */
export async function plant(programs: Programs, bug: PlantedBug, folder: string): Promise<Programs> {
  await cp(programs.folder, folder, { recursive: true, verbatimSymlinks: true });
  const file = path.join(folder, bug.file);
  const parts = (await readFile(file, "utf8")).split(bug.text);
  if (parts.length !== 2) throw new Error(`${bug.file} has ${parts.length - 1} times: ${bug.text}`);
  await writeFile(file, parts.join(bug.instead));
  return programsIn(folder);
}
