import { httpUrl } from '../arguments.js';
import { CommandError, EXIT } from '../exit-code.js';
import { readPassword } from '../read-password.js';
import { unreachable } from '../server-options.js';

/** The account that every development server has; wire-formats' own example. */
const DEVELOPMENT = { username: 'user', password: 'password' };

/**
 * The given token, or one of the OAuth2 password login.
 *
 * @throws {CommandError} `unreachable`, or `failed` when the login is refused
 */
export async function findShipvoxToken(options: {
  readonly url: string;
  readonly token?: string;
  readonly username?: string;
}): Promise<string> {
  if (options.token) return options.token;
  const login =
    options.username === undefined ? DEVELOPMENT : { username: options.username, password: await readPassword() };
  const response = await fetch(httpUrl(options.url, '/token'), {
    method: 'POST',
    body: new URLSearchParams(login),
    signal: AbortSignal.timeout(30_000),
  }).catch(() => {
    throw unreachable(options.url);
  });
  const body: unknown = await response.json().catch(() => undefined);
  const token: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'access_token') : undefined;
  if (response.ok && typeof token === 'string') return token;
  throw new CommandError(
    EXIT.failed,
    `The login was refused (${response.status}): give --username and its password, or set TOKEN.`,
    'unauthenticated',
  );
}
