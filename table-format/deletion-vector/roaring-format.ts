/** The first 32 bits of a bitmap without run containers (RoaringFormatSpec, "Cookie header"). */
export const COOKIE_WITHOUT_RUNS = 12346;
/** The low 16 bits of the first 32 bits of a bitmap with run containers. */
export const COOKIE_WITH_RUNS = 12347;
/** A bitmap with run containers has an offset header from this many containers on. */
export const OFFSET_HEADER_CONTAINERS = 4;

/** 64-bit Roaring bitmaps, the form to write (PROTOCOL.md, "Deletion Vector Format"). */
export const PORTABLE_MAGIC = 1681511377;
/**
 * The form before it: a count, then length and bitmap of each. Delta-spark reads it still. The protocol's
 * inline example ("JSON Example 3") has it with magic number, count and lengths big-endian.
 */
export const NATIVE_MAGIC = 1681511376;
/** {@link NATIVE_MAGIC} with its bytes turned around. */
export const NATIVE_MAGIC_BIG_ENDIAN = 0xd0d33964;

/** Containers in a bucket, which is one 32-bit Roaring bitmap. */
export const BUCKET_CONTAINERS = 0x10000;
