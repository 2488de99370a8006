import { CLIENT_NEMESES } from './client-nemeses.js';
import type { Nemesis } from './nemesis.js';
import { NODE_NEMESES } from './node-nemeses.js';
import { REDIS_NEMESES } from './redis-nemeses.js';
import { SENTINEL_NEMESES } from './sentinel-nemeses.js';

/** RELIABILITY 3.3, as far as this machine can do it to processes of its own. */
export const NEMESES: Readonly<Record<'single' | 'sentinel', readonly Nemesis[]>> = {
  single: [...NODE_NEMESES, ...CLIENT_NEMESES, ...REDIS_NEMESES],
  // The way to Redis can't be harmed here: sentinels name the servers themselves, and so nothing stands in between.
  sentinel: [...NODE_NEMESES, ...CLIENT_NEMESES, ...SENTINEL_NEMESES],
};

/** Those of a comma-separated list of names. @throws {RangeError} that names one it does not know */
export function nemesesNamed(names: string, among: readonly Nemesis[] = NEMESES.single): readonly Nemesis[] {
  return names.split(',').map((text) => {
    const found = among.find(({ name }) => name === text.trim());
    if (found === undefined)
      throw new RangeError(`No nemesis "${text.trim()}". There are: ${among.map(({ name }) => name).join(', ')}.`);
    return found;
  });
}
