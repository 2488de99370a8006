/** The development server's token without an end; undefined where there is none. */
export async function fetchTestToken(signal?: AbortSignal): Promise<string | undefined> {
  const response = await fetch('/test-token', signal ? { signal } : {});
  return response.ok ? accessToken(await response.json()) : undefined;
}

/**
 * A token for an account: by phone number at the booking login, by name at the OAuth2 one.
 *
 * @throws {Error} with the server's own words
 */
export async function login(name: string, password: string): Promise<string> {
  const response = name.startsWith('+')
    ? await fetch('/api/v2/auth/login', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ phone: name, password }),
      })
    : await fetch('/token', { method: 'POST', body: new URLSearchParams({ username: name, password }) });
  const body: unknown = await response.json().catch(() => undefined);
  const token = accessToken(body);
  if (!response.ok || token === undefined) throw new Error(reasonOf(body) ?? `The login answered ${response.status}.`);
  return token;
}

function accessToken(body: unknown): string | undefined {
  return field(body, 'access_token');
}

function reasonOf(body: unknown): string | undefined {
  return field(body, 'error_description') ?? field(body, 'detail') ?? field(body, 'error');
}

function field(body: unknown, name: string): string | undefined {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}
