/** How long to wait between tries. */
export interface BackoffOptions {
  /** Bound of the first wait, milliseconds; it doubles with each failure. @default 500 */
  readonly baseMs: number;
  /** Bound of every wait, milliseconds. @default 30_000 */
  readonly capMs: number;
}

/** Full jitter: anything between nothing and the bound, so that a crowd that fell together does not come back together. */
export function backoffMs(options: BackoffOptions, failures: number, random: number): number {
  return Math.round(random * Math.min(options.capMs, options.baseMs * 2 ** failures));
}
