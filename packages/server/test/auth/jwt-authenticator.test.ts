import { CompactSign } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createJwtAuthenticator, createTokenIssuer } from '../../src/auth/index.js';
import { authenticate, bytes, good, now, pem, rsa, secret, sign } from './sign-token.js';

describe('a token that comes again', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is the same principal', async () => {
    const { authenticate: check } = createJwtAuthenticator({ secret });
    const token = await sign(good({ roles: ['admin'] }));
    expect(await check(token)).toEqual(await check(token));
  });

  it.each([{ secret }, { publicKey: pem }])('ends when it ends, however often it was good', async (options) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { authenticate: check } = createJwtAuthenticator(options);
    const asymmetric = 'publicKey' in options;
    const token = await sign(good(), asymmetric ? { header: { alg: 'RS256' }, key: rsa.privateKey } : {});
    await check(token);
    vi.setSystemTime(Date.now() + 64_000);
    await expect(check(token)).resolves.toMatchObject({ userId: 'u1' });
    vi.setSystemTime(Date.now() + 2_000);
    await expect(check(token)).rejects.toMatchObject({ code: 'token_expired' });
  });

  it('is not good before its time when the clock was set back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { authenticate: check } = createJwtAuthenticator({ secret });
    const token = await sign(good({ nbf: now() }));
    await check(token);
    vi.setSystemTime(Date.now() - 60_000);
    await expect(check(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('lends nothing to another with the same claims', async () => {
    const { authenticate: check } = createJwtAuthenticator({ secret });
    const token = await sign(good());
    await check(token);
    const [header, payload] = token.split('.');
    const forged = await sign(good(), { key: bytes('another secret of thirty-two bytes!!') });
    for (const other of [forged, `${header}.${payload}.`, `${header}.${payload}.${forged.split('.')[2]}`])
      await expect(check(other)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

describe('claims', () => {
  it('become a principal', async () => {
    const claims = {
      ...good(),
      roles: ['admin'],
      company_id: 'c1',
      rooms: ['lobby:a'],
      sid: 's1',
      jti: 'j1',
      iat: now(),
    };
    expect(await authenticate(await sign(claims))).toMatchObject({
      userId: 'u1',
      roles: ['admin'],
      companyId: 'c1',
      rooms: ['lobby:a'],
      sessionId: 's1',
      tokenId: 'j1',
      issuedAt: claims.iat * 1_000,
      expiresAt: claims.exp * 1_000,
    });
  });

  it.each([{ roles: 'admin' }, { roles: ['admin', 1] }, { roles: { admin: true } }])(
    'grant nothing in another shape: %j',
    async (claims) => {
      expect(await authenticate(await sign(good(claims)))).toMatchObject({ roles: [] });
    },
  );

  it.each(['', 'x'.repeat(129), 7, null, ['u1']])('refuse a sub of %j', async (sub) => {
    const token = await new CompactSign(bytes(JSON.stringify({ sub, exp: now() + 60 })))
      .setProtectedHeader({ alg: 'HS256' })
      .sign(bytes(secret));
    await expect(authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('take a sub of 128 characters', async () => {
    expect(await authenticate(await sign(good({ sub: 'x'.repeat(128) })))).toMatchObject({ userId: 'x'.repeat(128) });
  });
});

describe('issuer, audience and type', () => {
  const options = { secret, issuer: 'https://issuer.example', audience: 'trunkline' };

  it('accepts the configured ones', async () => {
    expect(
      await authenticate(await sign(good({ iss: options.issuer, aud: ['other', 'trunkline'] })), options),
    ).toMatchObject({ userId: 'u1' });
  });

  it.each([
    { iss: 'https://evil.example', aud: 'trunkline' },
    { aud: 'trunkline' },
    { iss: options.issuer, aud: 'else' },
    { iss: options.issuer },
  ])('refuses %j (S6)', async (claims) => {
    await expect(authenticate(await sign(good(claims)), options)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it.each([undefined, 'JWT', 'at+jwt', 'application/at+jwt'])('accepts typ %s', async (typ) => {
    expect(await authenticate(await sign(good(), { header: typ === undefined ? {} : { typ } }))).toMatchObject({
      userId: 'u1',
    });
  });

  it.each(['rt+jwt', 'refresh+jwt', 'logout+jwt', 'dpop+jwt'])('refuses typ %s (S8)', async (typ) => {
    await expect(authenticate(await sign(good(), { header: { typ } }))).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it.each([
    { typ: 'Refresh' },
    { token_use: 'refresh' },
    { type: 'refresh' },
    { token_type: 'refresh_token' },
    { use: 'refresh' },
  ])('refuses a refresh token that says %j (S8)', async (claims) => {
    await expect(authenticate(await sign(good(claims)))).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

describe('the development test token', () => {
  it('is accepted only where that is allowed', async () => {
    const { token, expiresIn } = await createTokenIssuer({ secret }).issueTestToken({ userId: 'tester' });
    expect(expiresIn).toBeNull();
    expect(await authenticate(token, { secret, dangerouslyAllowTestToken: true })).toMatchObject({
      userId: 'tester',
      expiresAt: null,
    });
    await expect(authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('does not excuse another token without exp', async () => {
    await expect(
      authenticate(await sign({ sub: 'u1' }), { secret, dangerouslyAllowTestToken: true }),
    ).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

describe('refusals', () => {
  it.each(['', 'x', 'a.b.c', 'x'.repeat(20_000), '{}.{}.{}', '\u0000.\u0000.\u0000'])(
    'word garbage shortly and never as the library does: %#',
    async (token) => {
      const error = await authenticate(token).catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        name: 'TrunklineError',
        code: 'unauthenticated',
        message: 'The token is not valid.',
      });
    },
  );

  it('do not tell a wrong key from a wrong shape', async () => {
    const token = await sign(good(), { key: bytes('another secret of thirty-two bytes!!') });
    await expect(authenticate(token)).rejects.toMatchObject({
      code: 'unauthenticated',
      message: 'The token is not valid.',
    });
  });
});
