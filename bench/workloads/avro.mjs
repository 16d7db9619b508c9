// Avro files decoded into Arrow record batches in memory, against avsc's own stream decode to objects; and decoded and
// loaded into the engine, next to avsc; and both next to Polars, which makes a frame of them.
import { statSync } from "node:fs";
import { Field, Schema } from "apache-arrow";
import avro from "avsc";
import { Engine } from "../../dist/engine/index.js";
import { readAvroHeader } from "../../dist/formats/avro/container.js";
import { decodeFile } from "../../dist/formats/avro/decode-file.js";
import { planOf, rowTarget } from "../../dist/formats/avro/plan.js";
import { recordBatches } from "../../dist/formats/avro/record-batches.js";
import { discoverSources, openSources } from "../../dist/formats/index.js";
import { avroDataset, SHAPES } from "../avro-dataset.mjs";
import { atMost, timed } from "../compare.mjs";
import { runPython } from "../delta-rs.mjs";
import { polarsPython, WITHOUT_POLARS } from "../polars.mjs";

const ROWS = { smoke: 2_000, small: 100_000, full: 1_000_000 };
const CODECS = ["null", "deflate"];

export async function avroDecode({ size, compare, say }) {
  const rows = ROWS[size];
  const engine = await Engine.open();
  const session = await engine.acquire();
  const python = polarsPython();
  if (python === undefined) say(WITHOUT_POLARS);
  for (const shape of Object.keys(SHAPES)) {
    for (const codec of CODECS) {
      const file = await avroDataset(shape, rows, codec);
      const what = `${rows} records, ${SHAPES[shape].title}, codec ${codec}`;
      const avsc = timed(() => decodedByAvsc(file));
      const inMemory = timed(() => decoded(file));
      const inEngine = timed(() => loaded(session, file));
      await compare({ line: `decoded: ${what}`, target: atMost(1 / 3), ours: inMemory, peer: avsc });
      await compare({ line: `loaded: ${what}`, ours: inEngine, peer: avsc });
      if (python === undefined) continue;
      const polars = () => runPython(python, "read_avro.py", [file]);
      await compare({ line: `decoded: ${what}; the peer is Polars`, ours: inMemory, peer: polars });
      await compare({ line: `loaded: ${what}; the peer is Polars`, ours: inEngine, peer: polars });
    }
  }
  await engine.close();
}

/** The file's records as record batches, one after the other, as avsc gives one object after the other. */
async function decoded(path) {
  const file = { uri: path, localPath: path, size: statSync(path).size };
  const header = await readAvroHeader(file);
  const plan = planOf(header.schema, undefined);
  const names = plan.fields.map(({ name }) => name);
  const target = rowTarget(plan, names, () => {});
  const schema = new Schema(target.columns.map(({ type }, index) => new Field(names[index], type, true)));
  let [rows, ids] = [0, 0];
  for await (const batch of recordBatches(schema, decodeFile(file, header, target), false)) {
    rows += batch.numRows;
    const { buffer, byteOffset } = batch.getChild("id").data[0].values;
    // Longs as avsc has them: as numbers, not as BigInts.
    const words = new Int32Array(buffer, byteOffset, batch.numRows * 2);
    for (let at = 0; at < words.length; at += 2) ids += (words[at] >>> 0) + words[at + 1] * 2 ** 32;
  }
  return { rows: String(rows), ids: String(ids) };
}

/** The file's records in a table of the engine, and what can be said of them then. */
async function loaded(session, file) {
  const [source] = await openSources(session, await discoverSources([file]));
  const relation = await source.relation();
  const [{ rows, ids }] = await session.rows(
    `SELECT count(*)::VARCHAR AS rows, sum(id)::VARCHAR AS ids FROM (${relation.sql})`,
  );
  await relation.dispose();
  await source.dispose();
  return { rows, ids };
}

function decodedByAvsc(file) {
  return new Promise((resolve, reject) => {
    let [rows, ids] = [0, 0];
    avro
      .createFileDecoder(file)
      .on("data", ({ id }) => {
        rows++;
        ids += id;
      })
      .on("error", reject)
      .on("end", () => resolve({ rows: String(rows), ids: String(ids) }));
  });
}
