import type { Accounts } from '@trunkline/server';
import { z } from 'zod';
import type { Api } from './zod-schemas.js';

const credentials = z.object({ phone: z.string().min(1).max(64), password: z.string().min(1).max(1_024) });

/** The booking document's login. */
export function loginRoutes(app: Api, accounts: Accounts): void {
  const schema = { tags: ['Login'], summary: 'Exchange a phone number and password for a token', body: credentials };
  app.post('/api/v2/auth/login', { schema }, async (request, reply) => {
    const { phone, password } = request.body;
    const { token, expiresIn, userId } = await accounts.login(phone, password, request.ip);
    return reply
      .header('cache-control', 'no-store')
      .send({ access_token: token, token, token_type: 'bearer', expires_in: expiresIn, user: { id: userId, phone } });
  });
}
