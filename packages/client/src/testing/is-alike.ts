import type { FrameLike } from './recording.js';

/**
 * Whether a client says what it said when it was recorded. Its own id, token and session are not compared, nor what is left of a
 * request's time, which is another in every run; ids that it names are, by what they are now.
 */
export function isAlike(recorded: FrameLike, frame: FrameLike, ids: ReadonlyMap<unknown, unknown>): boolean {
  const then = Object.fromEntries(Object.entries(recorded).map(([key, value]) => [key, ids.get(value) ?? value]));
  return inOneOrder(then) === inOneOrder(frame);
}

function inOneOrder({ id, token, session, timeoutMs, ...rest }: Record<string, unknown>): string {
  return JSON.stringify(rest, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
