import { describe, expect, it } from "vitest";
import { version } from "../../table-format/index.js";
import { EntriesAtHand } from "../../table-format/log/entries-at-hand.js";
import { type CommitFile, commitPath } from "../../table-format/log/log-path.js";

const READ_AT = 1_000_000;
const bytes = Buffer.from('{"commitInfo":{}}');

function file(lastModified: number, size = bytes.length): CommitFile {
  return { kind: "commit", version: version(7), path: commitPath(version(7)), size, lastModified };
}

function remembered(entry: Uint8Array = bytes): EntriesAtHand {
  const entries = new EntriesAtHand();
  entries.remember(version(7), entry, READ_AT);
  return entries;
}

describe("entries at hand", () => {
  it("are those of the file that was read", () => {
    expect(remembered().of(file(READ_AT - 5))).toEqual(bytes);
    expect(remembered().of({ ...file(READ_AT - 5), version: version(8) })).toBeUndefined();
  });

  it("are not those of a file that came later, as of a table that was made again, or has another size", () => {
    expect(remembered().of(file(READ_AT + 1))).toBeUndefined();
    expect(remembered().of(file(READ_AT - 5, bytes.length + 1))).toBeUndefined();
  });

  it("are few, small, and forgotten in the end", () => {
    const large = Buffer.alloc(100_000);
    expect(remembered(large).of(file(READ_AT, large.length))).toBeUndefined();
    const many = new EntriesAtHand();
    for (let n = 0; n < 1_000; n++) many.remember(version(n), bytes, READ_AT);
    expect(many.of({ ...file(READ_AT), version: version(999) })).toBeUndefined();
    const entries = remembered();
    entries.clear();
    expect(entries.of(file(READ_AT))).toBeUndefined();
  });
});
