/** The digits of Z85 (https://rfc.zeromq.org/spec/32/, "Formal Specification"), by value. */
const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
const VALUES: ReadonlyMap<string, number> = new Map([...DIGITS].map((digit, value) => [digit, value]));

/** Bytes and characters of a group. */
const GROUP_BYTES = 4;
const GROUP_DIGITS = 5;

/**
 * Five characters for every four bytes; the last group is filled up with zero bytes, which the reader drops
 * again by the length it knows.
 */
export function encodeBase85(bytes: Uint8Array): string {
  const groups = Math.ceil(bytes.length / GROUP_BYTES);
  const padded = new Uint8Array(groups * GROUP_BYTES);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  let text = "";
  for (let group = 0; group < groups; group++) {
    let value = view.getUint32(group * GROUP_BYTES);
    let digits = "";
    for (let digit = 0; digit < GROUP_DIGITS; digit++) {
      digits = `${DIGITS.charAt(value % 85)}${digits}`;
      value = Math.floor(value / 85);
    }
    text += digits;
  }
  return text;
}

/**
 * The bytes of a text that {@link encodeBase85} could have written; `undefined` for any other: a length that
 * is no multiple of five, a foreign character, five characters that stand for more than 32 bits.
 */
export function decodeBase85(text: string): Uint8Array | undefined {
  if (text.length % GROUP_DIGITS !== 0) return undefined;
  const bytes = new Uint8Array((text.length / GROUP_DIGITS) * GROUP_BYTES);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < text.length; at += GROUP_DIGITS) {
    let value = 0;
    for (let digit = at; digit < at + GROUP_DIGITS; digit++) {
      const digitValue = VALUES.get(text.charAt(digit));
      if (digitValue === undefined) return undefined;
      value = value * 85 + digitValue;
    }
    if (value > 0xffffffff) return undefined;
    view.setUint32((at / GROUP_DIGITS) * GROUP_BYTES, value);
  }
  return bytes;
}
