/** What a character takes at most: as an escape of six. */
const CHARACTER_BYTES = 6;
const NUMBER_BYTES = 32;
/** More than its brackets: it bounds how deep this looks. */
const OBJECT_BYTES = 64;

/** True when a value's JSON is sure to fit, by a look that makes no text. False means it may be longer. */
export function surelyFits(value: unknown, bytes: number): boolean {
  return left(value, bytes) >= 0;
}

/** What is left of so many bytes; negative when it may not be enough, or what the value becomes is not known. */
function left(value: unknown, bytes: number): number {
  if (bytes < 0) return bytes;
  if (typeof value === 'string') return bytes - 2 - CHARACTER_BYTES * value.length;
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? -1 : bytes - NUMBER_BYTES;
  if ('toJSON' in value) return -1;
  let rest = bytes - OBJECT_BYTES;
  for (const key in value) {
    rest = left((value as Readonly<Record<string, unknown>>)[key], rest - CHARACTER_BYTES * key.length - 4);
    if (rest < 0) return rest;
  }
  return rest;
}
