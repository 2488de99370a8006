import { createHmac, generateKeyPairSync } from 'node:crypto';
import type { JWTHeaderParameters } from 'jose';
import { describe, expect, it } from 'vitest';
import { createJwtAuthenticator } from '../../src/auth/index.js';
import { authenticate, good, now, pem, rsa, secret, sign } from './sign-token.js';

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
