/** What a list of events is told by. */
interface Listed {
  readonly id: string;
  readonly epoch?: string;
  readonly offset?: number;
  readonly provisional: boolean;
}

/** Ephemeral events are no part of the past; provisional ones will be. */
export function isDurable({ offset, provisional }: Listed): boolean {
  return offset !== undefined || provisional;
}

/** False: a list without holes has it already, or begins behind it. */
export function isNews({ id, epoch, offset = Number.POSITIVE_INFINITY }: Listed, list: readonly Listed[]): boolean {
  return !list.some((known) => known.id === id || (known.epoch === epoch && Number(known.offset) > offset));
}
