import { setFlagsFromString } from 'node:v8';

/**
 * Keeps what V8 has compiled. It throws away the code of functions that were not called during some collections: a
 * server that was quiet for seconds began its next burst with compiling.
 */
export function keepCode(): void {
  setFlagsFromString('--no-flush-bytecode');
}
