import { setFlagsFromString } from 'node:v8';

/** Suits V8, whose defaults are a page's, to a server with much that lasts and little that is new. */
export function setV8Flags(): void {
  // It throws away the code of functions that were not called during some collections: a server that was quiet for seconds
  // began its next burst with compiling.
  setFlagsFromString('--no-flush-bytecode');
  // Marks the heap anew when it is three times what survived. By itself V8 waits for up to four times while much is
  // allocated, and does it at each tenth while little is: with 70 MB of history and connections, a server of 2 000 messages
  // a second marked all of it every 5 to 20 seconds. Near the limit of the heap (`--max-old-space-size`) it grows by less.
  setFlagsFromString('--heap-growing-percent=200');
}
