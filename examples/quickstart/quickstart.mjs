// A tour of Grizzly Lake on real data, made of commands that you can type yourself.
//   npm run quickstart [-- DIR]     DIR: where the lake goes, default .cache/quickstart-lake
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const CLI = path.join(ROOT, "dist/src/cli/main.js");
const DATA = "node_modules/vega-datasets/data";
const started = performance.now();

const colour = process.stdout.isTTY === true && (process.env.NO_COLOR ?? "") === "";
const bold = (text) => (colour ? `\u001b[1m${text}\u001b[22m` : text);
const cyan = (text) => (colour ? `\u001b[36m${text}\u001b[39m` : text);

process.chdir(ROOT);
const folder = path.relative(ROOT, path.resolve(process.argv[2] ?? ".cache/quickstart-lake")) || ".";
const lake = path.join(folder, "lake");
prepareFolder(folder);

function prepareFolder(target) {
  const mark = path.join(target, "made-by-quickstart");
  if (existsSync(target) && readdirSync(target).length > 0 && !existsSync(mark)) {
    process.stderr.write(`${target} is not empty and not from an earlier quickstart; name another folder\n`);
    process.exit(2);
  }
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  writeFileSync(mark, "npm run quickstart deletes this folder and makes it again.\n");
}

function section(title, text) {
  process.stdout.write(`\n${bold(`── ${title} ${"─".repeat(Math.max(4, 76 - title.length))}`)}\n${text}\n`);
}

/** Quotes an argument for a POSIX shell, only where it must be. */
function shellWord(word) {
  if (/^[\w./:=,@%+-]+$/.test(word)) return word;
  return /[$`"\\!]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`;
}

/** Shows a command, runs it, and ends the tour when it fails. */
function grizzly(...words) {
  process.stdout.write(`\n${cyan(`$ npx grizzly ${words.map(shellWord).join(" ")}`)}\n`);
  const done = spawnSync(process.execPath, [CLI, ...words], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, GRIZZLY_LAKE: lake },
  });
  if (done.status !== 0) {
    process.stderr.write(
      `\nquickstart failed: the command above exited with ${done.status ?? done.signal}\n`,
    );
    process.exit(1);
  }
}

process.stdout.write(`${bold("Grizzly Lake")}: raw files in, versioned tables out, SQL over any version.\n`);
process.stdout.write(`The lake is a folder, and every command below finds it in the environment:\n`);
process.stdout.write(`\n${cyan(`$ export GRIZZLY_LAKE=${shellWord(lake)}`)}\n`);

section("Land", "Four files, three formats. What each one is, its own bytes tell.");
grizzly("ingest", `${DATA}/flights-3m.parquet`, "--into", "flights");
grizzly("ingest", `${DATA}/birdstrikes.csv`, "--into", "birdstrikes");
grizzly("ingest", `${DATA}/movies.json`, "--into", "movies");
grizzly("ingest", `${DATA}/zipcodes.csv`, "--into", "places.zipcodes", "--partition-by", "state");
grizzly("tables");

section(
  "Query",
  "Three million flights by origin; then only the files of three states, out of 59. Statements run in turn.",
);
grizzly(
  "sql",
  `SELECT origin, count(*) AS flights, round(avg(delay), 1) AS mean_delay
   FROM flights GROUP BY origin ORDER BY flights DESC LIMIT 5;
   SELECT state, count(*) AS zipcodes, count(DISTINCT county) AS counties
   FROM places.zipcodes WHERE state IN ('DC', 'CA', 'NY') GROUP BY state ORDER BY zipcodes DESC`,
);

section(
  "Append",
  "Files that arrive later are one more commit. A column that is new joins the schema when asked to.",
);
grizzly("ingest", `${DATA}/flights-200k.arrow`, "--into", "flights", "--schema", "merge");
grizzly(
  "sql",
  `SELECT (SELECT count(*) FROM flights VERSION AS OF 0) AS before, (SELECT count(*) FROM flights) AS now`,
);

section(
  "Change",
  "Write a corrected partition to a file, then put it in the place of the old one. One partition is touched.",
);
const corrected = path.join(folder, "dc.parquet");
grizzly(
  "sql",
  `SELECT * REPLACE (CASE WHEN zip_code < '20010' THEN 'Washington, D.C.' ELSE city END AS city)
   FROM places.zipcodes WHERE state = 'DC'`,
  "--output",
  corrected,
);
grizzly("ingest", corrected, "--into", "places.zipcodes", "--mode", "overwrite-partitions");

section(
  "Travel",
  "Every version stays. The same query, now and before, then both versions of the table in one join.",
);
grizzly(
  "sql",
  `SELECT city, count(*) AS zipcodes FROM places.zipcodes WHERE state = 'DC' GROUP BY city ORDER BY city;
   SELECT city, count(*) AS zipcodes FROM places.zipcodes VERSION AS OF 0 WHERE state = 'DC' GROUP BY city ORDER BY city`,
);
grizzly(
  "sql",
  `SELECT zip_code, old.city AS before, now.city AS after
   FROM places.zipcodes VERSION AS OF 0 AS old JOIN places.zipcodes AS now USING (zip_code)
   WHERE old.city <> now.city ORDER BY zip_code LIMIT 5`,
);

section("Look back", "Who changed what, when.");
grizzly("history", "places.zipcodes");
grizzly("describe", "flights");

section(
  "Next",
  "The lake stays where it is. Its tables are Delta Lake tables: Spark, DuckDB and Polars open them too.",
);
process.stdout.write(`
  npx grizzly --lake ${shellWord(lake)} tables
  npx grizzly --lake ${shellWord(lake)} sql "SELECT * FROM movies LIMIT 3" --format json
  npx grizzly --lake ${shellWord(lake)} sql "SELECT * FROM places.zipcodes@v0" --output zipcodes-v0.csv
  npx grizzly --lake ${shellWord(lake)} ingest ${DATA}/airports.csv --into airports
  npx grizzly --help

Done in ${((performance.now() - started) / 1000).toFixed(1)} s.
`);
