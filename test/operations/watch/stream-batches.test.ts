import { expect, test } from "vitest";
import { streamBatches } from "../../../src/operations/landing/watch/stream-batches.js";

const LINES = { ends: { kind: "lines" }, headerBytes: 0, bytes: 8, intervalMs: 3_600_000 } as const;

async function* chunksOf(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function all(batches: AsyncIterable<readonly Uint8Array[]>): Promise<string[]> {
  const texts: string[] = [];
  for await (const batch of batches) texts.push(Buffer.concat(batch).toString());
  return texts;
}

test("batches are whole records of at least so many bytes; the last is what is left", async () => {
  const stream = chunksOf("a\nbb", "b\nccc\nd", "ddddddd", "dd\n", "e");
  expect(await all(streamBatches(stream, LINES))).toEqual(["a\nbbb\nccc\n", "dddddddddd\n", "e"]);
});

test("an empty stream gives nothing", async () => {
  expect(await all(streamBatches(chunksOf(), LINES))).toEqual([]);
});

test("when the stream pauses, what has come is a batch after the interval", async () => {
  let goOn: () => void = () => {};
  const paused = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("a\nhalf");
    await paused;
    yield Buffer.from(" a line\n");
  }
  const batches = streamBatches(stream(), { ...LINES, bytes: 1_000, intervalMs: 5 });
  const first = await batches.next();
  expect(Buffer.concat([...(first.value ?? [])]).toString()).toBe("a\n");
  goOn();
  expect(await all(batches)).toEqual(["half a line\n"]);
});

test("a stream that fails, fails the batches; what was whole before it has been given", async () => {
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("123456789\n");
    throw new Error("the pipe broke");
  }
  const batches = streamBatches(stream(), LINES);
  expect((await batches.next()).value).toHaveLength(1);
  await expect(batches.next()).rejects.toThrow("the pipe broke");
});

test("a signal ends it between two reads", async () => {
  const stop = new AbortController();
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield Buffer.from("0123456789\n");
  }
  const batches = streamBatches(endless(), { ...LINES, signal: stop.signal });
  await batches.next();
  stop.abort();
  await expect(batches.next()).rejects.toMatchObject({ kind: "cancelled" });
});
