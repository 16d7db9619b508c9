// Single rows from 8 processes at once, each in a data file and a commit of its own, against delta-rs doing the same,
// and against the log alone: how many entries the same processes can put if absent, durably, one after the other.
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { runNode } from "../child.mjs";
import { deltaRsPython, startNode, startPython, WITHOUT_DELTA_RS } from "../delta-rs.mjs";

const CHILD = path.join(import.meta.dirname, "appends-child.mjs");
const SIZES = {
  smoke: { writers: 2, each: 5 },
  small: { writers: 8, each: 50 },
  full: { writers: 8, each: 250 },
};

export async function appends({ size, folder, rounds, compare, figure, say }) {
  const { writers, each } = SIZES[size];
  const commits = writers * each;
  const python = deltaRsPython();
  const values = { ours: [], "put-if-absent": [] };
  let run = 0;
  const measured = (side, start) => async () => {
    const at = path.join(folder, `${side}-${run++}`);
    await mkdir(at, { recursive: true });
    if (side !== "put-if-absent") await runNode([CHILD, "create", at]);
    const children = Array.from({ length: writers }, (_, writer) => start(at, String(writer)));
    await Promise.all(children.map(({ ready }) => ready));
    const began = performance.now();
    for (const { go } of children) go();
    await Promise.all(children.map(({ done }) => done));
    const ms = performance.now() - began;
    values[side]?.push((commits / ms) * 1000);
    const { stdout } = await runNode([CHILD, side === "put-if-absent" ? "count" : "check", at]);
    await rm(at, { recursive: true });
    return { ms, answer: JSON.parse(stdout) };
  };
  const ours = measured("ours", (at, writer) => startNode([CHILD, "append", at, writer, String(each)]));
  const bare = measured("put-if-absent", (at, writer) => startNode([CHILD, "put", at, writer, String(each)]));
  const title = `${writers} processes × ${each} single rows`;
  if (python === undefined) {
    say(WITHOUT_DELTA_RS);
    for (let round = 0; round < rounds; round++) await ours();
  } else {
    await compare({
      line: title,
      runs: Math.min(rounds, 3),
      warmups: 0,
      target: { kind: "ratio", times: 0.2 },
      ours,
      peer: measured("delta-rs", (at, writer) =>
        startPython(python, "append.py", [at, writer, String(each)]),
      ),
    });
  }
  for (let round = 0; round < Math.min(rounds, 3); round++) await bare();
  figure({ line: `${title}: commits a second`, unit: "/s", values: values.ours });
  figure({
    line: "bare durable put-if-absent, the same processes",
    unit: "/s",
    values: values["put-if-absent"],
  });
  figure({
    line: "share of the bare rate",
    unit: "%",
    values: values.ours.map((rate, index) => (100 * rate) / (values["put-if-absent"][index] ?? rate)),
  });
}
