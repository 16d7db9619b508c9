import { readdirSync } from "node:fs";
import path from "node:path";
import type { Anomaly } from "./anomaly.js";
import { checkHistory } from "./check.js";
import { readJournal } from "./journal.js";
import { type Commit, readCommit, versionsOf } from "./read-log.js";
import { readDataFiles } from "./read-rows.js";
import { tableVersions } from "./table-versions.js";
import { transactionsOf } from "./transactions.js";

// Checks the history of one table: a program of its own, with nothing in it of the library under test.
// Usage: node checker.js CONFIG, JSON of a CheckerConfig. Prints a CheckReport as JSON; exits 1 when there is an
// anomaly.

export interface CheckerConfig {
  /** The table's folder. */
  readonly table: string;
  /** A folder of journals. */
  readonly journals: string;
  /** The version that the workers began with. */
  readonly first: number;
  readonly serializable: boolean;
}

async function check({ table, journals, first, serializable }: CheckerConfig): Promise<void> {
  const transactions = transactionsOf(
    readdirSync(journals).map((name) => readJournal(path.join(journals, name))),
  );
  const anomalies: Anomaly[] = [];
  const commits: Commit[] = [];
  for (const version of versionsOf(table)) {
    if (version !== commits.length) {
      anomalies.push({ kind: "torn", message: `there is no version ${commits.length}` });
      break;
    }
    try {
      commits.push(readCommit(table, version));
    } catch (error) {
      anomalies.push({ kind: "torn", message: `the entry of version ${version}: ${String(error)}` });
      break;
    }
  }
  const paths = commits.flatMap(({ adds, removes }) => [...adds, ...removes].map((file) => file.path));
  const files = await readDataFiles(table, paths);
  const versions = tableVersions(commits, files, table, (anomaly) => anomalies.push(anomaly));
  const report = checkHistory({ versions, transactions, first, serializable }, anomalies);
  process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exitCode = report.anomalies.length === 0 ? 0 : 1;
}

// The documented border: the argument is a CheckerConfig of this version of the tests.
const config: CheckerConfig = JSON.parse(process.argv[2] ?? "{}");
await check(config);
