import formBody from '@fastify/formbody';
import { TrunklineError } from '@trunkline/protocol';
import type { Accounts, IssuedToken } from '@trunkline/server';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { withBody } from './openapi.js';
import { statusOf, tellWhenToRetry } from './problem.js';
import type { Api, ZodTypeProvider } from './zod-schemas.js';

const passwordGrant = z.object({
  grant_type: z.literal('password').optional(),
  username: z.string().min(1),
  password: z.string().min(1),
});
const oauthError = withBody('What is wrong, as OAuth2 says it: error, error_description.');
const MAX_FORM_BYTES = 4_096;

/** The OAuth2 password flow (RFC 6749, section 4.3), its errors included. */
export function tokenRoutes(accounts: Accounts) {
  return async (parent: FastifyInstance): Promise<void> => {
    // Only here: elsewhere a form is another content type.
    await parent.register(formBody, { bodyLimit: MAX_FORM_BYTES });
    serve(parent.withTypeProvider<ZodTypeProvider>(), accounts);
  };
}

function serve(app: Api, accounts: Accounts): void {
  app.post(
    '/token',
    {
      // Names become keys of the login limiter.
      bodyLimit: MAX_FORM_BYTES,
      schema: {
        tags: ['Login'],
        summary: 'Exchange a name and password for a token',
        consumes: ['application/x-www-form-urlencoded', 'application/json'],
        described: { body: passwordGrant },
        response: {
          200: withBody('access_token, token_type, expires_in.'),
          400: oauthError,
          401: oauthError,
          429: oauthError,
        },
      },
    },
    async (request, reply) => {
      const fields = formFields(request.body);
      const { grant_type: grantType = 'password', username, password } = fields;
      reply.header('cache-control', 'no-store');
      if (grantType !== 'password')
        return reply
          .code(400)
          .send({ error: 'unsupported_grant_type', error_description: 'Only the password grant is served.' });
      if (!username || !password)
        return reply
          .code(400)
          .send({ error: 'invalid_request', error_description: 'username and password are required.' });
      try {
        return tokenBody(await accounts.login(username, password, request.ip));
      } catch (error) {
        return sendOAuthError(reply, error);
      }
    },
  );

  app.get(
    '/test-token',
    { schema: { tags: ['Login'], summary: 'A token that does not expire (development only)' } },
    async (_, reply) => {
      const issued = await accounts.testToken();
      if (!issued) throw new TrunklineError('not_found', 'There is no test token in production.');
      return reply.header('cache-control', 'no-store').send(tokenBody(issued));
    },
  );
}

function tokenBody({ token, expiresIn }: IssuedToken) {
  return { access_token: token, token_type: 'bearer', ...(expiresIn === null ? {} : { expires_in: expiresIn }) };
}

function sendOAuthError(reply: FastifyReply, error: unknown): FastifyReply {
  if (!(error instanceof TrunklineError)) throw error;
  tellWhenToRetry(reply, error);
  const wrong = error.code === 'unauthenticated';
  if (wrong) reply.header('www-authenticate', 'Bearer');
  return reply
    .code(statusOf(error))
    .send({ error: wrong ? 'invalid_grant' : error.code, error_description: error.message });
}

/** A field that comes twice counts as absent: nobody then can tell which one was meant. */
function formFields(body: unknown): Partial<Record<string, string>> {
  if (typeof body !== 'object' || body === null) return {};
  return Object.fromEntries(
    Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
