import fc from "fast-check";
import { expect, test } from "vitest";
import { RecordCutter, type RecordEnds } from "../../formats/index.js";

const SEED = 20_261_120;

/** What a person would do: cut the whole text at newlines, then mind the quotes. */
function endsOfRecords(text: string, ends: RecordEnds): number[] {
  const places: number[] = [];
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (ends.kind === "quoted" && quoted && ends.escape === "\\" && char === "\\") at++;
    else if (ends.kind === "quoted" && char === '"') quoted = !quoted;
    else if (char === "\n" && !quoted) places.push(at + 1);
  }
  return places;
}

const ENDS: readonly RecordEnds[] = [
  { kind: "lines" },
  { kind: "quoted", escape: '"' },
  { kind: "quoted", escape: "\\" },
];

test.each(ENDS)("every cut of a text is after a record, and no byte is lost: %o", (ends) => {
  const text = fc.string({ unit: fc.constantFrom("a", ",", '"', "\\", "\n", "\r"), maxLength: 60 });
  const steps = fc.array(fc.record({ length: fc.integer({ min: 1, max: 9 }), takes: fc.boolean() }), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(text, steps, (whole, plan) => {
      const cutter = new RecordCutter(ends);
      const bytes = Buffer.from(whole, "latin1");
      const places = endsOfRecords(whole, ends);
      let given = 0;
      let taken = "";
      for (let step = 0; given < bytes.length; step++) {
        const { length, takes } = plan[step % plan.length] ?? { length: 1, takes: true };
        cutter.push(bytes.subarray(given, given + length));
        given = Math.min(bytes.length, given + length);
        const lastEnd = places.filter((place) => place <= given).at(-1) ?? 0;
        expect(cutter.wholeBytes).toBe(Math.max(0, lastEnd - taken.length));
        expect(cutter.bytes).toBe(given - taken.length);
        if (!takes) continue;
        taken += Buffer.concat(cutter.take()).toString("latin1");
        expect(taken.length).toBe(lastEnd);
      }
      taken += Buffer.concat(cutter.takeAll()).toString("latin1");
      expect(taken).toBe(whole);
      expect(cutter.bytes).toBe(0);
    }),
    { seed: SEED, numRuns: 2_000 },
  );
});
