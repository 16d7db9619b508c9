import { expect, test } from "vitest";
import { LakeError } from "../../../core/index.js";
import type { SeenFile } from "../../../src/operations/landing/watch/settled-files.js";
import { type WatchEvent, watchSources } from "../../../src/operations/landing/watch/watch-sources.js";

/** A folder whose files are as old as the test says, and a table that keeps what lands. */
class Shelf {
  readonly files = new Map<string, { content: string; modificationTime: number }>();
  readonly landings: string[][] = [];
  readonly landed = new Map<string, string>();
  /** Asked before each landing. */
  fault: (paths: readonly string[]) => LakeError | undefined = () => undefined;
  /** Asked before each look. */
  lookFault: () => LakeError | undefined = () => undefined;
  now = 1_000_000;

  put(path: string, content: string, age = 60_000): void {
    this.files.set(path, { content, modificationTime: this.now - age });
  }

  watch(options: { files?: number; signal: AbortSignal }): AsyncGenerator<WatchEvent<number>> {
    return watchSources(
      {
        look: async () => {
          const fault = this.lookFault();
          if (fault !== undefined) throw fault;
          return [...this.files].map(
            ([path, { content, modificationTime }]): SeenFile => ({
              path,
              size: content.length,
              modificationTime,
              stamp: `${content} ${modificationTime}`,
            }),
          );
        },
        land: async (paths) => {
          const fault = this.fault(paths);
          if (fault !== undefined) throw fault;
          this.landings.push([...paths]);
          for (const path of paths) this.landed.set(path, this.files.get(path)?.content ?? "");
          return this.landings.length;
        },
        clock: { now: () => this.now },
      },
      { files: options.files ?? 100, bytes: 1_000_000, pollMs: 1, settleMs: 2_000, signal: options.signal },
    );
  }
}

/** The events up to the first of this kind. */
async function until<R>(
  events: AsyncGenerator<WatchEvent<R>>,
  kind: WatchEvent<R>["kind"],
): Promise<string[]> {
  const kinds: string[] = [];
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) return [...kinds, "end"];
    kinds.push(value.kind);
    if (value.kind === kind) return kinds;
  }
}

test("files land in batches, new and changed ones as they come; an abort ends it without an error", async () => {
  const shelf = new Shelf();
  const stop = new AbortController();
  const events = shelf.watch({ files: 2, signal: stop.signal });
  for (const path of ["a", "b", "c"]) shelf.put(path, "1");
  expect(await until(events, "caught-up")).toEqual(["landed", "landed", "caught-up"]);
  expect(shelf.landings).toEqual([["a", "b"], ["c"]]);
  shelf.put("b", "2");
  shelf.put("d", "1");
  expect(await until(events, "caught-up")).toEqual(["landed", "caught-up"]);
  expect(shelf.landings.at(-1)).toEqual(["b", "d"]);
  expect([...shelf.landed.values()]).toEqual(["1", "2", "1", "1"]);
  stop.abort();
  expect(await until(events, "landed")).toEqual(["end"]);
});

test("a file that is being written is told of, and lands once it is left alone", async () => {
  const shelf = new Shelf();
  const stop = new AbortController();
  const events = shelf.watch({ signal: stop.signal });
  shelf.put("a", "half", 100);
  const first = await events.next();
  expect(first.value).toEqual({ kind: "caught-up", growing: 1 });
  shelf.now += 5_000;
  expect(await until(events, "landed")).toEqual(["landed"]);
  stop.abort();
});

test("a file at fault is set aside until it changes, and the others land", async () => {
  const shelf = new Shelf();
  const stop = new AbortController();
  const events = shelf.watch({ signal: stop.signal });
  for (const path of ["a", "bad", "c"]) shelf.put(path, "1");
  shelf.fault = (paths) =>
    paths.includes("bad") && shelf.files.get("bad")?.content === "1"
      ? new LakeError("invalid-input", "broken-json", "bad, line 1: broken", { context: { file: "bad" } })
      : undefined;
  expect(await until(events, "caught-up")).toEqual(["set-aside", "landed", "caught-up"]);
  expect(shelf.landings).toEqual([["a", "c"]]);
  shelf.put("bad", "good now");
  expect(await until(events, "caught-up")).toEqual(["landed", "caught-up"]);
  expect(shelf.landed.get("bad")).toBe("good now");
  stop.abort();
});

test("a file that changes or goes while it is read is no fault", async () => {
  const shelf = new Shelf();
  const stop = new AbortController();
  const events = shelf.watch({ signal: stop.signal });
  shelf.put("a", "1");
  shelf.put("gone", "1");
  let failures = 0;
  shelf.fault = (paths) => {
    if (++failures === 1)
      return new LakeError("unavailable", "source-changed", "a changed", { context: { file: "a" } });
    if (!paths.includes("gone")) return undefined;
    shelf.files.delete("gone");
    return new LakeError("not-found", "no-source", "no file matches gone", { context: { file: "gone" } });
  };
  expect(await until(events, "caught-up")).toEqual(["landed", "caught-up"]);
  expect(shelf.landings).toEqual([["a"]]);
  stop.abort();
});

test("what may pass is tried again, told each time; what does not pass ends the watch", async () => {
  const shelf = new Shelf();
  const stop = new AbortController();
  shelf.put("a", "1");
  let failures = 0;
  shelf.fault = () =>
    ++failures === 1 ? new LakeError("conflict", "operation-conflict", "lost") : undefined;
  expect(await until(shelf.watch({ signal: stop.signal }), "landed")).toEqual(["retrying", "landed"]);
  shelf.put("b", "1");
  shelf.fault = () => new LakeError("corrupt", "log-damaged", "the log is damaged");
  await expect(until(shelf.watch({ signal: stop.signal }), "landed")).rejects.toMatchObject({
    code: "log-damaged",
  });
  stop.abort();
});

test("a store that does not answer a look is asked again, unless it never did", async () => {
  const shelf = new Shelf();
  const stop = new AbortController();
  const resting = new LakeError("unavailable", "s3-unavailable", "the store rests");
  let looks = 0;
  shelf.lookFault = () => (++looks === 2 ? resting : undefined);
  const events = shelf.watch({ signal: stop.signal });
  expect(await until(events, "caught-up")).toEqual(["caught-up"]);
  shelf.put("a", "1");
  expect(await until(events, "landed")).toEqual(["retrying", "landed"]);
  stop.abort();
  shelf.lookFault = () => resting;
  const hopeless = shelf.watch({ signal: new AbortController().signal });
  await expect(until(hopeless, "caught-up")).rejects.toMatchObject({ code: "s3-unavailable" });
});
