// Holds the rooms of the house apart (CONTRIBUTING.md, "Rooms"): who may import whom.
//   node scripts/check-rooms.mjs [--root DIR]
// Prints one line per broken rule, `file:line: what is wrong`, and exits 1 when there is one.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { importsOf } from "./imports.mjs";

/** Each room may import the ones before it. */
const ROOMS = ["core", "object-store", "engine", "formats", "table-format", "catalog", "src"];
/** Inside src/, each folder may import the ones before it. */
const SRC_FOLDERS = ["rescue", "raw-files", "scan", "file-sources", "sql", "operations", "jobs", "cli"];
/** Folders of src/ that stand outside the public API and use it. */
const API_USERS = ["cli"];
const PACKAGE_OWNERS = { "@duckdb/node-api": "engine", "@duckdb/node-bindings": "engine" };
/** `core` decides and never does I/O. */
const IO_MODULES =
  /^(?:node:)?(?:fs|net|tls|http|https|http2|dgram|dns|child_process|worker_threads)(?:\/|$)/;
/** These see the rooms from outside. */
const OUTSIDE = ["test", "bench"];

function filesOf(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|mts|mjs|js)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** What is wrong with one import of `file` (both relative to the root, `/`-separated), or undefined. */
function fault(file, specifier) {
  const [room, ...inside] = file.split("/");
  const isRoom = ROOMS.includes(room);
  if (!specifier.startsWith(".")) {
    const owner = Object.entries(PACKAGE_OWNERS).find(
      ([name]) => specifier === name || specifier.startsWith(`${name}/`),
    );
    if (isRoom && owner !== undefined && owner[1] !== room) return `only ${owner[1]}/ imports ${owner[0]}`;
    if (room === "core" && IO_MODULES.test(specifier))
      return `core/ does no I/O, so it does not import ${specifier}`;
    return undefined;
  }
  const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier));
  const [targetRoom, ...targetInside] = target.split("/");
  if (targetRoom === ".." || !ROOMS.includes(targetRoom)) {
    return isRoom ? `a room imports rooms and packages, not ${target}` : undefined;
  }
  if (isRoom && targetRoom === room) return room === "src" ? faultInSrc(inside, targetInside) : undefined;
  if (isRoom && ROOMS.indexOf(targetRoom) > ROOMS.indexOf(room))
    return `${room}/ is above ${targetRoom}/ and must not import it`;
  if (targetInside.join("/") === "index.js") return undefined;
  if (isRoom) return `import ${targetRoom}/index.js, not ${target}`;
  return mirrors(inside, targetRoom, targetInside)
    ? undefined
    : `import ${targetRoom}/index.js, not ${target}: only test/${targetRoom}/ may look inside`;
}

function faultInSrc(inside, targetInside) {
  const folder = inside.length > 1 ? inside[0] : undefined;
  const target = targetInside.length > 1 ? targetInside[0] : undefined;
  if (folder === target) return undefined;
  if (target === "cli") return "nothing imports src/cli/";
  if (folder === undefined) return undefined;
  if (target === undefined) {
    const isApi = ["index.js", "lake.js"].includes(targetInside[0]);
    return isApi && !API_USERS.includes(folder)
      ? `src/${folder}/ is behind src/${targetInside[0]} and must not import it`
      : undefined;
  }
  const order = SRC_FOLDERS.indexOf(folder);
  if (order !== -1 && SRC_FOLDERS.indexOf(target) > order)
    return `src/${folder}/ is above src/${target}/ and must not import it`;
  return undefined;
}

/** A test may look into the room that it mirrors: test/engine/ into engine/, test/scan/ into src/scan/. */
function mirrors(inside, targetRoom, targetInside) {
  const mirrored = inside[0];
  // Suites that cut across the rooms are named for what they do, not for a room.
  if (["property", "concurrency", "contract", "support", "interop", "house"].includes(mirrored)) return true;
  return (
    mirrored === targetRoom || (targetRoom === "src" && mirrored === targetInside[0]) || inside.length === 1
  );
}

function check(root) {
  const folders = [...ROOMS, ...OUTSIDE].filter((name) => readdirSync(root).includes(name));
  const faults = [];
  let files = 0;
  for (const absolute of folders.flatMap((name) => filesOf(path.join(root, name)))) {
    files++;
    const file = path.relative(root, absolute).split(path.sep).join("/");
    for (const { specifier, line } of importsOf(readFileSync(absolute, "utf8"))) {
      const message = fault(file, specifier);
      if (message !== undefined) faults.push(`${file}:${line}: ${message}`);
    }
  }
  return { files, faults };
}

const flag = process.argv.indexOf("--root");
const root =
  flag === -1
    ? path.dirname(path.dirname(fileURLToPath(import.meta.url)))
    : path.resolve(process.argv[flag + 1] ?? "");
const { files, faults } = check(root);
for (const line of faults) process.stdout.write(`${line}\n`);
process.stdout.write(
  faults.length === 0
    ? `rooms: ${files} files, every import is in order\n`
    : `rooms: ${faults.length} imports break the order\n`,
);
process.exit(faults.length === 0 ? 0 : 1);
