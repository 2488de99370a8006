/** Ephemeral events are no part of the past; provisional ones will be. */
export function isDurable({
  offset,
  provisional,
}: {
  readonly offset?: number;
  readonly provisional: boolean;
}): boolean {
  return offset !== undefined || provisional;
}
