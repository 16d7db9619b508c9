/** How a delimited text is written. Quotes are doubled inside quotes, or escaped with a backslash. */
export interface Dialect {
  readonly delimiter: "," | "\t" | ";" | "|";
  readonly quote: '"';
  readonly escape: '"' | "\\";
}

const DELIMITERS = [",", "\t", ";", "|"] as const;

/** Records looked at to choose the delimiter. */
const SNIFFED_RECORDS = 200;

/**
 * Chooses the dialect from the start of a file: the delimiter that cuts the most records into the same
 * number of fields, at least two. A tie goes to more fields. A file that no delimiter cuts has one
 * column.
 *
 * The engine's own sniffer is not asked: it takes a ragged file for one of a single column.
 */
export function sniffDialect(text: string, complete: boolean): Dialect {
  const escapes = text.includes('\\"') ? (['"', "\\"] as const) : (['"'] as const);
  let best: { readonly dialect: Dialect; readonly share: number; readonly fields: number } | undefined;
  for (const escapeChar of escapes) {
    for (const delimiter of DELIMITERS) {
      const dialect: Dialect = { delimiter, quote: '"', escape: escapeChar };
      const { share, fields } = agreement(splitRecords(text, dialect, complete, SNIFFED_RECORDS));
      const better =
        best === undefined || share > best.share || (share === best.share && fields > best.fields);
      if (fields > 1 && better) best = { dialect, share, fields };
    }
  }
  return best?.dialect ?? { delimiter: ",", quote: '"', escape: '"' };
}

/** The number of fields that most records have, and the share of those that have it. */
function agreement(records: readonly (readonly string[])[]): {
  readonly share: number;
  readonly fields: number;
} {
  const counts = new Map<number, number>();
  for (const { length } of records) counts.set(length, (counts.get(length) ?? 0) + 1);
  const [fields, count] = [...counts].reduce((most, next) => (next[1] > most[1] ? next : most), [0, 0]);
  return { share: records.length === 0 ? 0 : count / records.length, fields };
}

/**
 * The first records of a text, each an array of its fields' text; blank lines are left out. The last
 * record of an incomplete text is left out, as it may go on.
 */
export function splitRecords(text: string, dialect: Dialect, complete: boolean, limit: number): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let field = "";
  let quoted = false;
  let sawQuote = false;
  const endField = (): void => {
    record.push(field);
    field = "";
    sawQuote = false;
  };
  const endRecord = (): void => {
    const blank = record.length === 0 && field === "" && !sawQuote;
    if (!blank) {
      endField();
      records.push(record);
    }
    record = [];
  };
  for (let index = 0; index < text.length && records.length < limit; index++) {
    const char = text.charAt(index);
    if (quoted) {
      if (char === dialect.escape && text.charAt(index + 1) === dialect.quote) {
        field += dialect.quote;
        index++;
      } else if (char === dialect.quote) quoted = false;
      else field += char;
    } else if (char === dialect.quote && field === "" && !sawQuote) {
      quoted = true;
      sawQuote = true;
    } else if (char === dialect.delimiter) endField();
    else if (char === "\n" || (char === "\r" && text.charAt(index + 1) !== "\n")) endRecord();
    else if (char !== "\r") field += char;
  }
  if (complete && records.length < limit) endRecord();
  return records;
}
