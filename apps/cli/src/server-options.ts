import { type Command, Option } from 'commander';
import { httpUrl, socketUrl } from './arguments.js';
import { CommandError, EXIT } from './exit-code.js';

const SOCKET_PATH = '/v1/connect';

/** Which server, and as whom. */
export interface ServerOptions {
  /** The URL of the canonical socket. */
  readonly url: string;
  readonly token?: string;
  readonly json?: boolean;
}

/** `withoutToken`: what the command does when none is given. */
export function withServerOptions(command: Command, withoutToken = "a development server's own"): Command {
  return command
    .addOption(
      new Option('--url <url>', 'the server')
        .env('TRUNKLINE_URL')
        .default(`ws://127.0.0.1:8080${SOCKET_PATH}`)
        .argParser((text: string) => socketUrl(text, SOCKET_PATH)),
    )
    .addOption(new Option('--token <jwt>', `a token; without one, ${withoutToken}`).env('TRUNKLINE_TOKEN'))
    .option('--json', 'one JSON value a line');
}

/**
 * The token to connect with: the given one, or the one that a development server hands out.
 *
 * @throws {CommandError} `unreachable`, or `configuration` where neither is
 */
export async function findToken({ url, token }: ServerOptions): Promise<string> {
  if (token) return token;
  const response = await fetch(httpUrl(url, '/test-token'), { signal: AbortSignal.timeout(10_000) }).catch(() => {
    throw unreachable(url);
  });
  const body: unknown = response.ok ? await response.json().catch(() => undefined) : undefined;
  const found: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'access_token') : undefined;
  if (typeof found === 'string') return found;
  throw new CommandError(
    EXIT.configuration,
    'No token: set TRUNKLINE_TOKEN, for example to what "trunkline token --user ann" prints.',
    'no_token',
  );
}

export function unreachable(url: string): CommandError {
  return new CommandError(
    EXIT.unreachable,
    `No server answers at ${new URL(url).origin}; start one with "trunkline serve", or set --url.`,
    'unreachable',
  );
}
