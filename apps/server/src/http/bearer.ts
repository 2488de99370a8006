import { TrunklineError } from '@trunkline/protocol';
import { type Authenticator, type Principal, TICKET_PREFIX } from '@trunkline/server';
import type { FastifyRequest } from 'fastify';

const BEARER = /^Bearer +([^\s,]+)$/i;

/** A hook for `onRequest`: refuses before the body is read, and leaves `request.principal` behind. */
type Check = (request: FastifyRequest) => Promise<void>;

/** Finds out who asks. Tokens come in the Authorization header only. */
export interface Guard {
  /** Lets anyone pass who has a token. @throws {TrunklineError} `not_authenticated`, or the authenticator's own */
  readonly user: Check;
  /** Lets these roles pass. @throws {TrunklineError} also `forbidden` */
  role(...roles: readonly string[]): Check;
}

export function createGuard(authenticator: Authenticator): Guard {
  return {
    async user(request) {
      request.principal = await identify(request, authenticator);
    },
    role:
      (...roles) =>
      async (request) => {
        const principal = await identify(request, authenticator);
        if (!roles.some((role) => principal.roles.includes(role))) {
          throw new TrunklineError('forbidden', `This needs the role ${roles.join(' or ')}.`);
        }
        request.principal = principal;
      },
  };
}

/** For handlers behind a guard. */
export function principalOf(request: FastifyRequest): Principal {
  if (!request.principal) throw new TypeError('The route has no guard.');
  return request.principal;
}

async function identify(request: FastifyRequest, authenticator: Authenticator): Promise<Principal> {
  const { authorization } = request.headers;
  if (authorization === undefined)
    throw new TrunklineError('not_authenticated', 'Send a token: Authorization: Bearer <token>.');
  const [, token] = BEARER.exec(authorization) ?? [];
  // A ticket is for sockets; a token in a header is in no log.
  if (token === undefined || token.startsWith(TICKET_PREFIX))
    throw new TrunklineError('unauthenticated', 'The Authorization header must be: Bearer <token>.');
  return authenticator.authenticate(token);
}
