/** How much one commit lands at most. */
export interface BatchLimits {
  readonly files: number;
  readonly bytes: number;
}

export const USUAL_BATCH: BatchLimits = { files: 10_000, bytes: 8 * 1024 ** 3 };

/**
 * Cuts files into the batches of one commit each, in their order. A file that is larger than a batch is a batch of its
 * own. Pure.
 */
export function landingBatches<F extends { readonly size: number }>(
  files: readonly F[],
  limits: BatchLimits = USUAL_BATCH,
): F[][] {
  const batches: F[][] = [];
  let batch: F[] = [];
  let bytes = 0;
  for (const file of files) {
    if (batch.length > 0 && (batch.length >= limits.files || bytes + file.size > limits.bytes)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
