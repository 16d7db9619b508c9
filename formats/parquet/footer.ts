import { invalidSource } from "../failure.js";
import { readBytes } from "../source/byte-range.js";
import type { SourceFile } from "../source/source-file.js";

const MAGIC = "PAR1";

/**
 * Checks the frame of a Parquet file: the magic at both ends and a footer that fits between them.
 * parquet-format README, "File format".
 *
 * @throws LakeError `invalid-input` with the offset where the frame breaks.
 */
export async function checkParquetFrame(file: SourceFile): Promise<void> {
  const broken = (what: string, offset: number): Error =>
    invalidSource(
      file.uri,
      "broken-parquet",
      what,
      { offset },
      { hint: "The file may be cut short; copy it again." },
    );
  if (file.size < 12) throw broken(`the file has ${file.size} bytes, too few for a Parquet file`, file.size);
  const tail = await readBytes(file.localPath, file.size - 8, 8);
  if (new TextDecoder("latin1").decode(tail.subarray(4)) !== MAGIC) {
    throw broken("the Parquet file does not end with its footer", file.size - 4);
  }
  const footerBytes = new DataView(tail.buffer, tail.byteOffset, 8).getUint32(0, true);
  if (footerBytes + 12 > file.size) {
    throw broken(`the Parquet footer claims ${footerBytes} bytes, more than the file has`, file.size - 8);
  }
}
