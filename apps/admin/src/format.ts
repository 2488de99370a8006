const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const COMPACT = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const TIME = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const CORES = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 2 });
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** The time of day of milliseconds since 1970. */
export const time = (at: number): string => TIME.format(at);
export const count = (value: number): string => (value < 10_000 ? NUMBER.format(value) : COMPACT.format(value));
export const cores = (value: number): string => CORES.format(value);
export const milliseconds = (value: number | null): string => (value === null ? '–' : `${NUMBER.format(value)} ms`);

export function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(value) / 3));
  return `${NUMBER.format(value / 1_000 ** power)} ${UNITS[power]}`;
}

/** 3 d 4 h, 5 min, 12 s: the two largest units at most. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3_600)} h`;
}
