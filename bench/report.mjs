// The results as a Markdown table.

/** @param results `[{workload, lines}]`, lines as compare.mjs gives them. */
export function markdown(results) {
  const rows = results.flatMap(({ workload, lines }) => lines.map((line) => row(workload, line)));
  return [
    "| workload | line | ours | peer | ratio | target | |",
    "|---|---|--:|--:|--:|---|---|",
    ...rows.map((cells) => `| ${cells.join(" | ")} |`),
    "",
  ].join("\n");
}

function row(workload, { line, unit, ours, peer, ratio, target, met }) {
  const verdict = met === undefined ? "" : met ? "met" : "**missed**";
  return [
    workload,
    line,
    measured(ours, unit),
    peer === undefined ? "" : measured(peer, unit),
    ratio === undefined ? "" : `${ratio.toFixed(2)}×`,
    target === undefined ? "" : described(target, unit),
    verdict,
  ];
}

/** `median (min to max) unit` */
function measured({ median, min, max }, unit) {
  const shown = (value) => digits(value, unit);
  return `${shown(median)} (${shown(min)} to ${shown(max)}) ${unit}`.trimEnd();
}

function digits(value, unit) {
  if (unit === "") return String(value);
  if (unit === "×") return value.toFixed(2);
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}

function described(target, unit) {
  if (target.kind === "limit") return `under ${target.limit} ${unit}`.trimEnd();
  if (target.kind === "least") return `at least ${target.limit} ${unit}`.trimEnd();
  return target.orMs !== undefined
    ? `at most ${target.times}×, or ${target.orMs} ms more`
    : `at most ${target.times}×`;
}
