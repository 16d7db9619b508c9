import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  LakeError,
  messageOf,
  parseJson,
  stringifyJson,
} from "../../../../core/index.js";
import type { LandedFile } from "./landed-file.js";
import { ledgerDamaged } from "./ledger-damage.js";
import { versionOfSegment } from "./ledger-version.js";

/** The form of heads that this release reads and writes. */
const FORM = 1;

/** A Parquet file of entries, sorted by URI: columns `uri`, `size`, `modification_time`, `hash`. */
export interface LedgerSegment {
  /** In the ledger's folder. */
  readonly name: string;
  /** A URI is in it once. */
  readonly entries: number;
  readonly bytes: number;
  readonly firstUri: string;
  readonly lastUri: string;
}

/** A segment that no longer counts. */
export interface RetiredSegment {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * What a version of a ledger consists of. The newest entry of a URI counts: those in `recent` are the newest, then
 * the segments, from the last to the first.
 */
export interface LedgerHead {
  /** From the oldest to the newest. */
  readonly segments: readonly LedgerSegment[];
  /** A URI is in it once. */
  readonly recent: readonly LandedFile[];
  /** Readers of earlier versions may still read them. */
  readonly retired: readonly RetiredSegment[];
  /** When files that nobody reads were last looked for, in milliseconds since the epoch. */
  readonly sweptAt: number;
}

export const EMPTY_HEAD: LedgerHead = { segments: [], recent: [], retired: [], sweptAt: 0 };

export function serializeHead({ sweptAt, segments, recent, retired }: LedgerHead): string {
  return stringifyJson({ version: FORM, sweptAt, segments, recent, retired });
}

/**
 * @param file of messages
 * @throws LakeError `corrupt` where the text is no head, `unsupported` for one of a later form.
 */
export function parseHead(text: string, file: string): LedgerHead {
  let json: JsonValue;
  try {
    json = parseJson(text);
  } catch (error) {
    throw ledgerDamaged(file, `is no JSON: ${messageOf(error)}`, error);
  }
  const fields = new Fields(json, file, "the head");
  const form = fields.number("version");
  if (form !== FORM) {
    throw new LakeError(
      "unsupported",
      "ledger-form",
      `${file}: the landing ledger is of form ${form}, and this release knows form ${FORM}`,
      { context: { file, form }, hint: "Land with the release that wrote it, or a later one." },
    );
  }
  return {
    sweptAt: fields.number("sweptAt"),
    segments: fields.list("segments").map(parseSegment),
    recent: fields.list("recent").map(parseLandedFile),
    retired: fields.list("retired").map((entry) => ({ name: entry.segmentName(), at: entry.number("at") })),
  };
}

function parseSegment(segment: Fields): LedgerSegment {
  return {
    name: segment.segmentName(),
    entries: segment.number("entries"),
    bytes: segment.number("bytes"),
    firstUri: segment.text("firstUri"),
    lastUri: segment.text("lastUri"),
  };
}

function parseLandedFile(entry: Fields): LandedFile {
  const hash = entry.text("hash");
  if (!/^[0-9a-f]{32}$/.test(hash)) throw entry.wrong("hash");
  return {
    uri: entry.text("uri"),
    size: entry.number("size"),
    modificationTime: entry.number("modificationTime"),
    hash,
  };
}

/** The fields of a JSON object, each of which is there and has its type. */
class Fields {
  readonly #object: JsonObject;
  readonly #file: string;
  readonly #what: string;

  constructor(json: JsonValue | undefined, file: string, what: string) {
    if (!isJsonObject(json)) throw ledgerDamaged(file, `is damaged: ${what} is no object`);
    this.#object = json;
    this.#file = file;
    this.#what = what;
  }

  number(name: string): number {
    const value = this.#object[name];
    if (typeof value !== "number" || !Number.isSafeInteger(value)) throw this.wrong(name);
    return value;
  }

  text(name: string): string {
    const value = this.#object[name];
    if (typeof value !== "string") throw this.wrong(name);
    return value;
  }

  list(name: string): Fields[] {
    const value = this.#object[name];
    if (!Array.isArray(value)) throw this.wrong(name);
    return value.map((entry: JsonValue, index) => new Fields(entry, this.#file, `${name}[${index}]`));
  }

  /** A name that leads to no other folder. */
  segmentName(): string {
    const name = this.text("name");
    if (versionOfSegment(name) === undefined) throw this.wrong("name");
    return name;
  }

  wrong(name: string): LakeError {
    return ledgerDamaged(this.#file, `is damaged: ${name} of ${this.#what} is missing or wrong`);
  }
}
