import { LakeError } from "../../core/index.js";

declare const versionBrand: unique symbol;

/** A version of a table: a non-negative 64-bit integer. Built by {@link version} only. */
export type Version = bigint & { readonly [versionBrand]: true };

const LARGEST = 2n ** 63n - 1n;

/** @throws LakeError `invalid-input` when the number is negative or larger than a signed 64-bit integer. */
export function version(value: bigint | number): Version {
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw notAVersion(value);
  const exact = BigInt(value);
  if (exact < 0n || exact > LARGEST) throw notAVersion(value);
  return exact as Version;
}

export function nextVersion(of: Version): Version {
  return version(of + 1n);
}

function notAVersion(value: bigint | number): LakeError {
  return new LakeError("invalid-input", "version", `${value} is not a version of a table`, {
    hint: "A version is a whole number, 0 or more.",
  });
}
