// Avro files decoded and loaded into the engine, against avsc's own stream decode to objects, and next to Polars.

import avro from "avsc";
import { Engine } from "../../dist/engine/index.js";
// No public name gives columns without the engine: this reaches into the room.
import { readAvroHeader } from "../../dist/formats/avro/container.js";
import { decodeFile } from "../../dist/formats/avro/decode-file.js";
import { planOf, rowTarget } from "../../dist/formats/avro/plan.js";
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
      const line = `${rows} records, ${SHAPES[shape].title}, codec ${codec}`;
      const peer = timed(() => decodedByAvsc(file));
      await compare({
        line: `${line}: decoded into columns`,
        target: atMost(1 / 3),
        ours: timed(() => decoded(file)),
        peer: timed(
          () => decodedByAvsc(file),
          ({ rows }) => ({ rows }),
        ),
      });
      const ours = timed(() => loaded(session, file));
      await compare({
        line: `${line}: decoded, and loaded into the engine`,
        target: atMost(1 / 3),
        ours,
        peer,
      });
      if (python === undefined) continue;
      await compare({
        line: `${line}: decoded, and loaded; the peer is Polars`,
        ours,
        peer: () => runPython(python, "read_avro.py", [file]),
      });
    }
  }
  await engine.close();
}

/** The file's records as Arrow's buffers, batch by batch. */
async function decoded(file) {
  const [source] = await discoverSources([file]);
  const header = await readAvroHeader(source);
  const plan = planOf(header.schema, undefined);
  const target = rowTarget(
    plan,
    plan.fields.map(({ name }) => name),
    () => {},
  );
  let rows = 0;
  for await (const batch of decodeFile(source, header, target)) rows += batch.rows;
  return { rows: String(rows) };
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
