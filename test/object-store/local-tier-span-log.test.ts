import fc from "fast-check";
import { expect, test } from "vitest";
import { contentLine, readSpanLog, spanLine } from "../../object-store/local-tier/span-log.js";

const CONTENT = { etag: '"a\n+ 1 2"', boot: "é" };

test("a log of spans says what was written to it", () => {
  const spans = [
    { offset: 0, length: 10 },
    { offset: 5_000_000_000, length: 1 },
  ];
  const bytes = Buffer.concat([contentLine(CONTENT), ...spans.map(spanLine)]);
  expect(readSpanLog(bytes)).toEqual({ content: CONTENT, spans, read: bytes.length });
});

test("the first content counts, and no span before it", () => {
  const log = Buffer.concat([
    spanLine({ offset: 1, length: 1 }),
    contentLine(CONTENT),
    contentLine({ etag: "other", boot: "" }),
    spanLine({ offset: 2, length: 1 }),
  ]);
  expect(readSpanLog(log)).toMatchObject({ content: CONTENT, spans: [{ offset: 2, length: 1 }] });
  expect(readSpanLog(spanLine({ offset: 3, length: 1 }), CONTENT).spans).toEqual([{ offset: 3, length: 1 }]);
});

test("a line that was torn anywhere is never believed, and spoils no other", () => {
  // A length of eight digits, which stand where the checksum does when the line is torn behind them.
  const torn = spanLine({ offset: 123_456, length: 12_345_678 });
  const head = contentLine(CONTENT);
  const tail = spanLine({ offset: 1, length: 2 });
  for (let left = 0; left < torn.length - 1; left++) {
    const log = Buffer.concat([head, torn.subarray(0, left), tail]);
    expect(readSpanLog(log), `${left} bytes left`).toMatchObject({ spans: [{ offset: 1, length: 2 }] });
    // As it stands before anything is added.
    expect(readSpanLog(log.subarray(0, head.length + left)).spans).toEqual([]);
  }
});

test("a log read in two parts says what it says in one", () => {
  const written = fc.array(
    fc.record({ offset: fc.nat(), length: fc.nat() }).map((span) => spanLine(span)),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(written, fc.nat(1000), (lines, cut) => {
      const log = Buffer.concat([contentLine(CONTENT), ...lines]);
      const first = readSpanLog(log.subarray(0, cut));
      const second = readSpanLog(log.subarray(first.read), first.content);
      expect(second.content).toEqual(CONTENT);
      expect([...first.spans, ...second.spans]).toEqual(readSpanLog(log).spans);
    }),
    { seed: 63 },
  );
});

test("bytes that a crash of the machine left are no log", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      expect(readSpanLog(noise)).toMatchObject({ content: undefined, spans: [] });
    }),
    { seed: 64 },
  );
});
