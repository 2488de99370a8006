import { describe, expect, it } from 'vitest';
import { createTokenIssuer } from '../../src/auth/index.js';
import { authenticate, secret } from './sign-token.js';

describe('tokens that we issue', () => {
  it('verify, last 30 minutes and carry roles and company', async () => {
    const options = { secret, issuer: 'me', audience: 'you' };
    const issued = await createTokenIssuer(options).issue({ userId: 'u1', roles: ['admin'], companyId: 'c1' });
    expect(issued).toMatchObject({ expiresIn: 1_800, userId: 'u1' });
    expect(await authenticate(issued.token, options)).toMatchObject({
      roles: ['admin'],
      companyId: 'c1',
      tokenId: expect.any(String),
    });
  });

  it('are not made for whom nobody would accept', async () => {
    const issuer = createTokenIssuer({ secret });
    for (const userId of ['', 'x'.repeat(129)]) {
      await expect(issuer.issue({ userId })).rejects.toThrow('A token is for a userId of 1 to 128 characters.');
      await expect(issuer.issueTestToken({ userId })).rejects.toThrow(TypeError);
    }
  });
});
