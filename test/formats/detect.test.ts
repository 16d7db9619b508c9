import { describe, expect, it } from "vitest";
import { detect } from "../../formats/index.js";

const head = (text: string | readonly number[]): Uint8Array =>
  typeof text === "string" ? new TextEncoder().encode(text) : Uint8Array.from(text);
const kind = (content: string | readonly number[], name = "file"): string => {
  const detection = detect(head(content), undefined, name);
  return detection.kind === "json" || detection.kind === "arrow"
    ? `${detection.kind} ${detection.layout}`
    : detection.kind;
};

describe("detection", () => {
  it("goes by content, whatever the name", () => {
    expect(kind("PAR1....", "x.csv")).toBe("parquet");
    expect(kind("Obj\x01....", "x.json")).toBe("avro");
    expect(kind("ARROW1\0\0")).toBe("arrow file");
    expect(kind([0xff, 0xff, 0xff, 0xff, 0x78, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0])).toBe("arrow stream");
    expect(kind([0xff, 0xff, 0xff, 0xff, 0x79, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0])).not.toBe("arrow stream");
    expect(kind([0x1f, 0x8b, 0x08, 0])).toBe("gzip");
    expect(kind([0x28, 0xb5, 0x2f, 0xfd])).toBe("zstd");
    expect(kind("PK\x03\x04")).toBe("zip");
    expect(kind('{"a":1}\n{"a":2}\n', "x.csv")).toBe("jsonl");
    expect(kind('{"a":1}\n{"a":2}\n', "x.json")).toBe("jsonl");
    expect(kind('[{"a":1}]', "x.csv")).toBe("json array");
    expect(kind('{\n  "a": 1\n}\n')).toBe("json values");
    expect(kind("a,b\n1,2\n", "x.dat")).toBe("csv");
    expect(kind("a,b\n1,2\n", "-")).toBe("csv");
  });

  it("goes by the name where content leaves a choice", () => {
    expect(kind('{"a":1}', "x.jsonl")).toBe("jsonl");
    expect(kind('{"a":1}', "x.json")).toBe("json values");
    expect(kind("[1]\n[2]\n", "x.json")).toBe("jsonl");
    expect(kind("[1]", "x.jsonl")).toBe("jsonl");
    expect(kind("[id],name\n1,x\n", "x.csv")).toBe("csv");
    expect(kind("1\n2\n", "x.ndjson")).toBe("jsonl");
    expect(kind('"text"', "x.json")).toBe("json values");
  });

  it("takes a broken record for a line all the same", () => {
    expect(kind('{"a":oops}\n{"a":2}\n')).toBe("jsonl");
  });

  it("tells a footer from none", () => {
    expect(detect(head("PAR1...."), head("....PAR1"), "x")).toEqual({ kind: "parquet", footer: true });
    expect(detect(head("PAR1...."), head("........"), "x")).toEqual({ kind: "parquet", footer: false });
  });

  it("knows text encodings", () => {
    expect(detect(head([0xef, 0xbb, 0xbf, 0x61]), undefined, "x.csv")).toEqual({
      kind: "csv",
      encoding: "utf-8",
      byteOrderMark: true,
    });
    expect(detect(head([0xff, 0xfe, 0x61, 0]), undefined, "x.csv")).toEqual({
      kind: "csv",
      encoding: "utf-16le",
      byteOrderMark: true,
    });
    expect(detect(head([0xfe, 0xff, 0, 0x61]), undefined, "x.csv")).toEqual({
      kind: "csv",
      encoding: "utf-16be",
      byteOrderMark: true,
    });
    // Latin-1 text is text; whoever reads it will say what is wrong with it.
    expect(kind([0x61, 0x2c, 0xe9, 0x0a])).toBe("csv");
  });

  it("says what a binary file looks like", () => {
    expect(detect(head([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a]), undefined, "x.csv")).toEqual({
      kind: "binary",
      looksLike: "a PNG image",
    });
    expect(detect(head("%PDF-1.7"), undefined, "x.csv")).toEqual({
      kind: "binary",
      looksLike: "a PDF document",
    });
    expect(detect(head([1, 2, 0, 4]), undefined, "x.csv")).toEqual({
      kind: "binary",
      looksLike: "binary data",
    });
    expect(kind([])).toBe("empty");
    expect(kind(" \n\n")).toBe("empty");
  });
});
