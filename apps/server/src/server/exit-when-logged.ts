/** A write to a pipe comes back within a millisecond. */
const WRITTEN_MS = 100;

/**
 * Ends the process once what was logged last is written. At exit pino writes the rest itself, again and again without an end
 * where nobody reads it any more; where that has come out before, it writes nothing.
 */
export function exitWhenLogged(status: number): void {
  setTimeout(() => process.exit(status), WRITTEN_MS);
}
