import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';

/** A whole number from `min`, for an option. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a whole number from ${min}${max < 1e9 ? ` to ${max}` : ''}.`);
    return value;
  };
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400 };

/** `90`, `90s`, `15m`, `2h` or `7d` in seconds. */
export function seconds(text: string): number {
  const [, count, unit = ''] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? [];
  const total = Number(count) * (UNIT_SECONDS[unit] ?? Number.NaN);
  if (!(total > 0)) throw new InvalidArgumentError('It must be a time such as 90s, 15m, 2h or 7d.');
  return total;
}

/** JSON given as an argument; `-` reads it from standard input. */
export function json(text: string): unknown {
  const source = text === '-' ? readFileSync(process.stdin.fd, 'utf8') : text;
  try {
    return JSON.parse(source);
  } catch {
    throw new InvalidArgumentError(`It must be JSON, as in '{"text":"hello"}'.`);
  }
}

/** For an option that may come several times. */
export function collected(value: string, known: readonly string[]): readonly string[] {
  return [...known, value];
}

/** `host:port`, `http://…` or `ws://…` as the URL of a socket; `path` where it names none. */
export function socketUrl(text: string, path: string): string {
  const full = text.includes('://') ? text : `ws://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (!url || !/^(http|ws)s?:$/.test(url.protocol))
    throw new InvalidArgumentError('It must be a URL such as ws://127.0.0.1:8080 or https://rt.example.com.');
  url.protocol = url.protocol.replace('http', 'ws');
  if (url.pathname === '/') url.pathname = path;
  return url.href;
}

/** The HTTP side of a socket's server. */
export function httpUrl(socket: string, path: string): URL {
  return new URL(path, socket.replace(/^ws/, 'http'));
}
