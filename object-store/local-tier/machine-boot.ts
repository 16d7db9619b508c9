import { readFile } from "node:fs/promises";

let told: Promise<string> | undefined;

/** Names the time since the machine was started, differently after each start; empty on systems that do not tell (all but Linux). */
export function machineBoot(): Promise<string> {
  told ??= readFile("/proc/sys/kernel/random/boot_id", "utf8").then(
    (text) => text.trim(),
    () => "",
  );
  return told;
}
