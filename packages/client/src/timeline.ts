/** One line of `client.explain()`. */
export interface TimelineEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly what: string;
  /** Close or error code, reason, delay: whatever explains it. */
  readonly detail: Readonly<Record<string, unknown>>;
}
