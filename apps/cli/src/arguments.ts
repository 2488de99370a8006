import { readFileSync } from 'node:fs';
import { isRoomName } from '@trunkline/protocol';
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

/** What a server takes as the life of a token. */
const LONGEST_LIFE_SECONDS = 366 * 86_400;

/** The same for a token's life. */
export function lifetime(text: string): number {
  const total = seconds(text);
  if (total > LONGEST_LIFE_SECONDS) throw new InvalidArgumentError('It must be 366d at most.');
  return total;
}

/** A user id as a server takes it. */
export function userId(text: string): string {
  if (text.length < 1 || text.length > 128) throw new InvalidArgumentError('It must have 1 to 128 characters.');
  return text;
}

/** A publish id as a server takes it. */
export function publishId(text: string): string {
  if (!/^[!-~]{1,128}$/.test(text))
    throw new InvalidArgumentError('It must be 1 to 128 printable ASCII characters without spaces.');
  return text;
}

const STDIN = 0;

/** JSON given as an argument; `-` reads it from standard input. */
export function json(text: string): unknown {
  // By number: `process.stdin`, once touched, fails a read that comes before its data (EAGAIN).
  const source = text === '-' ? readFileSync(STDIN, 'utf8') : text;
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

/** A room, for an option that may come several times. */
export function collectedRoom(value: string, known: readonly string[]): readonly string[] {
  if (!isRoomName(value)) throw new InvalidArgumentError('It must be kind:id, as in lobby:main.');
  return collected(value, known);
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
