import { describe, expect, test } from "vitest";
// @ts-expect-error: a script, plain JavaScript without declarations
import { atMost, compare, isMet, summary, timed, under } from "../../bench/compare.mjs";
// @ts-expect-error: a script, plain JavaScript without declarations
import { markdown } from "../../bench/report.mjs";

describe("summary", () => {
  test("takes the middle of an odd number of values, and the mean of the two in the middle", () => {
    expect(summary([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9, values: [9, 1, 5] });
    expect(summary([10, 1, 4, 2]).median).toBe(3);
    expect(summary([7]).median).toBe(7);
  });
});

describe("targets", () => {
  const measured = (ours: number, peer: number) => ({ ours: summary([ours]), peer: summary([peer]) });

  test("a ratio leaves the greater of the share and the milliseconds", () => {
    const target = atMost(1.15, { orMs: 5 });
    expect(isMet({ ...measured(114, 100), target })).toBe(true);
    expect(isMet({ ...measured(116, 100), target })).toBe(false);
    expect(isMet({ ...measured(15, 10), target })).toBe(true);
    expect(isMet({ ...measured(16, 10), target })).toBe(false);
    expect(isMet({ ...measured(21, 100), target: atMost(0.2) })).toBe(false);
  });

  test("a limit is for the figure itself, and no target is neither met nor missed", () => {
    expect(isMet({ ours: summary([249]), target: under(250) })).toBe(true);
    expect(isMet({ ours: summary([250]), target: under(250) })).toBe(false);
    expect(isMet(measured(1, 1))).toBeUndefined();
  });
});

describe("compare", () => {
  const sides = (answers: { ours: unknown; peer: unknown }) => {
    const calls: string[] = [];
    const side = (name: string, ms: number, answer: unknown) => async () => {
      calls.push(name);
      return { ms, answer };
    };
    return { calls, ours: side("ours", 30, answers.ours), peer: side("peer", 20, answers.peer) };
  };

  test("runs the sides in turn and does not count the warm-up", async () => {
    const { calls, ours, peer } = sides({ ours: [{ n: 1n }], peer: [{ n: 1n }] });
    const result = await compare({ line: "x", ours, peer, runs: 2, warmups: 1, target: atMost(1.6) });
    expect(calls).toEqual(["ours", "peer", "ours", "peer", "ours", "peer"]);
    expect(result.ours.values).toEqual([30, 30]);
    expect(result).toMatchObject({ ratio: 1.5, met: true });
  });

  test("fails when the answers differ, in a warm-up too", async () => {
    const { ours, peer } = sides({ ours: { rows: 2 }, peer: { rows: 3 } });
    await expect(compare({ line: "x", ours, peer, runs: 0, warmups: 1 })).rejects.toThrow(
      'x: the answers differ\nours: {"rows":2}\npeer: {"rows":3}',
    );
  });

  test("looks the answer up after the work", async () => {
    const { ms, answer } = await timed(
      async () => 20,
      async (result: number) => result + 1,
    )();
    expect(answer).toBe(21);
    expect(ms).toBeGreaterThanOrEqual(0);
  });
});

test("the table says what was measured, of what, and whether it met its target", () => {
  const line = {
    line: "filter",
    unit: "ms",
    ours: summary([12, 10, 14]),
    peer: summary([200]),
    ratio: 0.06,
    target: atMost(1.15, { orMs: 5 }),
    met: true,
  };
  const alone = { line: "heap", unit: "MB", ours: summary([400]), target: under(300), met: false };
  expect(
    markdown([{ workload: "scan", lines: [line, alone] }])
      .split("\n")
      .slice(2),
  ).toEqual([
    "| scan | filter | 12.0 (10.0 to 14.0) ms | 200 (200 to 200) ms | 0.06× | at most 1.15×, or 5 ms more | met |",
    "| scan | heap | 400 (400 to 400) MB |  |  | under 300 MB | **missed** |",
    "",
  ]);
});
