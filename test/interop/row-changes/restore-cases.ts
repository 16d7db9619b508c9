import type { RowChangeCase } from "./case.js";
import { COPY_ON_WRITE, TOLD, TOLD_COPIES } from "./fixtures.js";

export const RESTORE_CASES: readonly RowChangeCase[] = [
  {
    name: "to the first file",
    table: "keys",
    statement: "RESTORE TABLE {t} TO VERSION AS OF 1",
    kinds: [COPY_ON_WRITE, TOLD],
  },
  {
    name: "to no rows",
    table: "parts",
    statement: "RESTORE TABLE {t} TO VERSION AS OF 0",
    kinds: [TOLD_COPIES],
  },
  {
    name: "to no constraint",
    table: "ruled",
    statement: "RESTORE TABLE {t} TO VERSION AS OF 0",
    kinds: [TOLD],
  },
  {
    name: "to a version that is not there",
    table: "keys",
    statement: "RESTORE TABLE {t} TO VERSION AS OF 100",
    isRefused: true,
  },
];
