const IDENTIFIER = /^[\x21-\x7e]{1,128}$/;

/** A frame id on the wire: 1-128 printable ASCII characters without spaces. The SDK always makes 128 random bits. */
export function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && IDENTIFIER.test(value);
}

/** 128 random bits as 32 hexadecimal digits: made once per message and stored with it (PROTOCOL.md, "Ids"). */
export function createId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
