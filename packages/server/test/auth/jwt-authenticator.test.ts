import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CompactSign, type JWTHeaderParameters, SignJWT } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createJwtAuthenticator, createTokenIssuer, type JwtAuthenticatorOptions } from '../../src/auth/index.js';

const secret = 'a secret of at least thirty-two bytes';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const now = () => Math.floor(Date.now() / 1_000);
const bytes = (text: string) => new TextEncoder().encode(text);

function sign(
  claims: Record<string, unknown>,
  options: { header?: Partial<JWTHeaderParameters>; key?: KeyObject | Uint8Array } = {},
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', ...options.header }).sign(options.key ?? bytes(secret));
}
const good = (claims: Record<string, unknown> = {}) => ({ sub: 'u1', exp: now() + 60, ...claims });
const authenticate = (token: string, options: JwtAuthenticatorOptions = { secret }) =>
  createJwtAuthenticator(options).authenticate(token);

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

describe('algorithms (S4)', () => {
  const head = (fields: object) => Buffer.from(JSON.stringify(fields)).toString('base64url');
  const body = head(good());

  it('refuses alg none', async () => {
    await expect(authenticate(`${head({ alg: 'none' })}.${body}.`)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('refuses HS256 signed with the bytes of the RSA public key', async () => {
    const signed = `${head({ alg: 'HS256' })}.${body}`;
    const forged = `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`;
    await expect(authenticate(forged, { publicKey: pem })).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(authenticate(forged, { publicKey: pem, secret })).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('refuses a key that the token brings along', async () => {
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const jwk = stranger.publicKey.export({ format: 'jwk' });
    for (const extra of [{ jwk }, { jku: 'https://127.0.0.1:1/keys' }, { x5u: 'https://127.0.0.1:1/cert' }]) {
      const token = await sign(good(), {
        header: { alg: 'RS256', ...extra } as JWTHeaderParameters,
        key: stranger.privateKey,
      });
      await expect(authenticate(token, { publicKey: pem })).rejects.toMatchObject({ code: 'unauthenticated' });
    }
  });

  it('refuses an unknown critical header', async () => {
    const signed = `${head({ alg: 'HS256', crit: ['strange'], strange: 1 })}.${body}`;
    await expect(
      authenticate(`${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`),
    ).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'])('accepts %s by an RSA key', async (alg) => {
    const token = await sign(good(), { header: { alg }, key: rsa.privateKey });
    expect(await authenticate(token, { publicKey: pem })).toMatchObject({ userId: 'u1' });
  });

  it.each([
    ['ES256', 'P-256'],
    ['ES384', 'P-384'],
    ['ES512', 'P-521'],
  ])('accepts %s by a key on %s', async (alg, namedCurve) => {
    const pair = generateKeyPairSync('ec', { namedCurve });
    const token = await sign(good(), { header: { alg }, key: pair.privateKey });
    expect(
      await authenticate(token, { publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString() }),
    ).toMatchObject({ userId: 'u1' });
  });

  it('accepts EdDSA by an Ed25519 key', async () => {
    const pair = generateKeyPairSync('ed25519');
    const token = await sign(good(), { header: { alg: 'EdDSA' }, key: pair.privateKey });
    expect(
      await authenticate(token, { publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString() }),
    ).toMatchObject({ userId: 'u1' });
  });

  it('refuses what is not on the pinned list', async () => {
    const token = await sign(good(), { header: { alg: 'PS256' }, key: rsa.privateKey });
    await expect(authenticate(token, { publicKey: pem, algorithms: ['RS256'] })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it('refuses a private key and text that is no key, with one sentence', () => {
    const privatePem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(() => createJwtAuthenticator({ publicKey: privatePem })).toThrow(/private/);
    expect(() => createJwtAuthenticator({ publicKey: 'nonsense' })).toThrow(/PEM/);
  });
});

describe('times', () => {
  it('refuses a token without exp (S5)', async () => {
    await expect(authenticate(await sign({ sub: 'u1' }))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it.each([
    ['exp in the year 9999', { exp: 253_402_300_799 }],
    ['iat one hour ahead', { iat: 3_600 }],
    ['an infinite exp', { exp: Number.MAX_VALUE }],
  ])('refuses %s (S7)', async (_, claims: { exp?: number; iat?: number }) => {
    const token = await sign(
      good({ ...claims, ...(claims.iat ? { iat: now() + claims.iat, exp: now() + 7_200 } : {}) }),
    );
    await expect(authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('forgives 5 seconds of skew and not 60 (S9)', async () => {
    expect(await authenticate(await sign(good({ exp: now() - 3 })))).toMatchObject({ userId: 'u1' });
    await expect(authenticate(await sign(good({ exp: now() - 60 })))).rejects.toMatchObject({ code: 'token_expired' });
    expect(await authenticate(await sign(good({ nbf: now() + 3, iat: now() + 3 })))).toMatchObject({ userId: 'u1' });
    await expect(authenticate(await sign(good({ nbf: now() + 60 })))).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it('takes a token of an issuer whose clock is up to 10 seconds ahead, and none of a minute (FAPI 2.0)', async () => {
    const again = createJwtAuthenticator({ secret });
    for (const ahead of [{ iat: now() + 9 }, { iat: now() + 9, nbf: now() + 9 }]) {
      const token = await sign(good(ahead));
      // The second time it is known.
      for (let times = 0; times < 2; times++) expect(await again.authenticate(token)).toMatchObject({ userId: 'u1' });
    }
    for (const ahead of [{ iat: now() + 60 }, { nbf: now() + 60 }])
      await expect(again.authenticate(await sign(good(ahead)))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('keeps to the configured longest life', async () => {
    const options = { secret, maxLifetimeSeconds: 600 };
    expect(await authenticate(await sign(good({ iat: now(), exp: now() + 600 })), options)).toMatchObject({
      userId: 'u1',
    });
    await expect(authenticate(await sign(good({ iat: now(), exp: now() + 601 })), options)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
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
