import { TrunklineError } from '@trunkline/protocol';
import { type Accounts, type Hub, type Principal, TICKET_PREFIX } from '@trunkline/server';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { FastifyRequest } from 'fastify';

const ADMIN_PATH = '/admin';
const COOKIE = 'trunkline_admin';
/** A page of another origin can not send it without a preflight, which CORS refuses it. */
const PROOF = 'x-trunkline-admin';
const SAFE_METHODS = ['GET', 'HEAD'];
const MAX_AGE_SECONDS = 12 * 3_600;

type Login = { readonly token: string } | { readonly name: string; readonly password: string };

/** The dashboard's sign-in: the operator's own token in a cookie that no script can read and no other site can use. */
export interface AdminSession {
  /** @returns the value of Set-Cookie. @throws {TrunklineError} `unauthenticated`, `forbidden`, `rate_limited` */
  login(login: Login, address: string): Promise<string>;
  readonly logout: string;
  /** A hook for `onRequest`. @throws {TrunklineError} `not_authenticated`, `forbidden`, or the authenticator's own */
  guard(request: FastifyRequest): Promise<void>;
  /** A hook for `onRequest`: refuses what a page of another site could have caused. @throws {TrunklineError} `forbidden` */
  ownPage(request: FastifyRequest): Promise<void>;
}

export interface AdminSessionOptions {
  readonly hub: Pick<Hub, 'authenticate'>;
  readonly accounts?: Accounts;
  /** Then the cookie travels over https alone. */
  readonly production: boolean;
}

export function createAdminSession({ hub, accounts, production }: AdminSessionOptions): AdminSession {
  const attributes = { httpOnly: true, path: ADMIN_PATH, sameSite: 'strict', secure: production } as const;

  async function admit(token: string): Promise<Principal> {
    // A ticket is used up by looking at it; a session needs a token.
    if (token.startsWith(TICKET_PREFIX)) throw new TrunklineError('unauthenticated', 'Sign in with a token.');
    const principal = await hub.authenticate(token);
    if (!principal.roles.includes('admin')) throw new TrunklineError('forbidden', 'This needs the role admin.');
    return principal;
  }

  async function tokenOf(login: Login, address: string): Promise<string> {
    if ('token' in login) return login.token;
    if (!accounts) throw new TrunklineError('unauthenticated', 'There are no accounts here; sign in with a token.');
    return (await accounts.login(login.name, login.password, address)).token;
  }

  async function ownPage(request: FastifyRequest): Promise<void> {
    if (!SAFE_METHODS.includes(request.method) && request.headers[PROOF] === undefined)
      throw new TrunklineError('forbidden', `Requests that change something carry the header ${PROOF}.`);
  }

  return {
    async login(login, address) {
      const token = await tokenOf(login, address);
      const { expiresAt } = await admit(token);
      const seconds = expiresAt === null ? MAX_AGE_SECONDS : Math.floor((expiresAt - Date.now()) / 1_000);
      return stringifySetCookie(COOKIE, token, {
        ...attributes,
        maxAge: Math.max(1, Math.min(seconds, MAX_AGE_SECONDS)),
      });
    },
    logout: stringifySetCookie(COOKIE, '', { ...attributes, maxAge: 0 }),
    ownPage,
    async guard(request) {
      await ownPage(request);
      const token = parseCookie(request.headers.cookie ?? '')[COOKIE];
      if (!token) throw new TrunklineError('not_authenticated', 'Sign in first.');
      request.principal = await admit(token);
    },
  };
}
