import { describe, expect, test, vi } from "vitest";
import { withProgress } from "../../src/cli/terminal/painter.js";
import { renderProgress } from "../../src/cli/terminal/progress.js";
import { displayWidth } from "../../src/cli/terminal/text.js";

const STATE = {
  label: "writing",
  elapsedMs: 2000,
  fraction: 0.5,
  rows: 1_000_000n,
  bytes: 20_000_000,
  totalBytes: 40_000_000,
};

describe("renderProgress", () => {
  test("says how far, how long, how much and how fast", () => {
    expect(renderProgress(STATE, 200)).toBe(
      "writing  ▕████████████            ▏  50%  2.00 s left  1,000,000 rows  20.0 MB of 40.0 MB  10.0 MB/s",
    );
  });

  test("without a fraction it says what it knows", () => {
    expect(renderProgress({ label: "running", elapsedMs: 3200 }, 80)).toBe("running  3.20 s");
    expect(renderProgress({ label: "reading", elapsedMs: 1000, rows: 5n }, 80)).toBe(
      "reading  1.00 s  5 rows  5 rows/s",
    );
  });

  test("never passes the width, whatever the width", () => {
    for (let width = 1; width <= 100; width++) {
      expect(displayWidth(renderProgress(STATE, width))).toBeLessThanOrEqual(width);
    }
    expect(renderProgress(STATE, 45)).toBe("writing  ▕████████████            ▏  50%");
    expect(renderProgress(STATE, 4)).toBe("wri…");
  });

  test("a fraction out of range is held to the bar", () => {
    expect(renderProgress({ ...STATE, fraction: 1.2 }, 45)).toContain("████████████████████████▏ 100%");
    expect(renderProgress({ label: "x", elapsedMs: 10, fraction: -1 }, 45)).toContain(
      "▕                        ▏   0%",
    );
  });
});

describe("withProgress", () => {
  test("paints nothing for work that is over at once, and gives its result", async () => {
    const painted: string[] = [];
    const canvas = { columns: 80, write: (text: string) => painted.push(text) };
    const source = () => ({ label: "x" });
    expect(await withProgress(canvas, source, async () => 7)).toBe(7);
    await expect(withProgress(canvas, source, () => Promise.reject(new Error("broken")))).rejects.toThrow(
      "broken",
    );
    expect(painted).toEqual([]);
  });

  test("paints after a second, ten times a second, and leaves the line clean", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    try {
      const painted: string[] = [];
      const canvas = { columns: 40, write: (text: string) => painted.push(text) };
      await withProgress(
        canvas,
        () => ({ label: "x", fraction: 0.5 }),
        async (clear) => {
          vi.advanceTimersByTime(999);
          expect(painted).toEqual([]);
          vi.advanceTimersByTime(1001);
          expect(painted).toHaveLength(11);
          for (const text of painted) expect(text).toBe("\rx  ▕████████████            ▏  50%\u001b[K");
          clear();
          expect(painted.at(-1)).toBe("\r\u001b[K");
          vi.advanceTimersByTime(5000);
        },
      );
      expect(painted).toHaveLength(12);
    } finally {
      vi.useRealTimers();
    }
  });
});
