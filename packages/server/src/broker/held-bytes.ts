/** What an entry of a log takes beside its data. */
const ENTRY_BYTES = 400;
const OBJECT_BYTES = 64;
const VALUE_BYTES = 16;

/** About what an event with this data holds of the heap: strings by their length, the rest by rule of thumb. */
export function heldBytes(data: unknown): number {
  return ENTRY_BYTES + bytesOf(data);
}

function bytesOf(value: unknown): number {
  if (typeof value === 'string') return VALUE_BYTES + value.length;
  if (typeof value !== 'object' || value === null) return VALUE_BYTES;
  let bytes = OBJECT_BYTES;
  for (const key in value) bytes += VALUE_BYTES + bytesOf((value as Readonly<Record<string, unknown>>)[key]);
  return bytes;
}
