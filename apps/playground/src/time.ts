const FORMAT = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** The time of day of milliseconds since 1970. */
export function time(at: number): string {
  return FORMAT.format(at);
}
