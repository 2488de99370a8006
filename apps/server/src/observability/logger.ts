import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { sampleErrors } from './sample-errors.js';

export interface LoggerOptions {
  readonly level: string;
  readonly format: 'json' | 'pretty';
  /** @default standard output */
  readonly destination?: DestinationStream;
}

const SECRETS = ['access_token', 'authorization', 'cookie', 'password', 'secret', 'set-cookie', 'ticket', 'token'];
const DEPTHS = ['', '*.', '*.*.', '*.*.*.'];
/** A token may also stand inside a text, such as a URL or an error's message. */
const TOKEN_IN_TEXT = /eyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?|tkt_[\w-]{43}/g;

/** Logs in JSON, or readably; tokens, passwords and cookies never get in, and no message floods it. */
export function createLogger(options: LoggerOptions): Logger {
  const destination =
    options.destination ??
    (options.format === 'pretty'
      ? pretty({ colorize: process.stdout.isTTY === true, ignore: 'pid,hostname' })
      : pino.destination(1));
  return pino(
    {
      level: options.level,
      redact: {
        paths: DEPTHS.flatMap((depth) => SECRETS.map((name) => `${depth}["${name}"]`.replace('.[', '['))),
        censor: '[redacted]',
      },
      hooks: {
        logMethod: sampleErrors(),
        streamWrite: (line) => line.replace(TOKEN_IN_TEXT, '[redacted]'),
      },
    },
    destination,
  );
}
