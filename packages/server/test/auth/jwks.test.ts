import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { expect, it } from 'vitest';
import { createJwtAuthenticator, type JwksOptions } from '../../src/auth/index.js';

/** A JWKS endpoint whose keys and health a test sets. */
async function startJwks() {
  const pairs = new Map<string, ReturnType<typeof newPair>>();
  const state = { fetches: 0, status: 200 };
  const server: Server = createServer((_, res) => {
    state.fetches += 1;
    const keys = [...pairs].map(([kid, pair]) => ({
      ...pair.publicKey.export({ format: 'jwk' }),
      kid,
      alg: 'ES256',
      use: 'sig',
    }));
    res.writeHead(state.status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    state,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    add: (kid: string) => pairs.set(kid, newPair()),
    remove: (kid: string) => pairs.delete(kid),
    sign(kid: string, key = pairs.get(kid)?.privateKey ?? newPair().privateKey) {
      return new SignJWT({ sub: 'u1' })
        .setProtectedHeader({ alg: 'ES256', kid })
        .setExpirationTime('1 minute')
        .sign(key);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
const newPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const authenticatorFor = (jwks: JwksOptions) => createJwtAuthenticator({ jwks });

it('verifies by the key that kid names', async () => {
  await using jwks = await startJwks();
  jwks.add('a');
  const authenticator = authenticatorFor({ url: jwks.url });
  expect(await authenticator.authenticate(await jwks.sign('a'))).toMatchObject({ userId: 'u1' });
});

it('fetches once for 1 000 unknown key ids, and the known key goes on working (S10)', async () => {
  await using jwks = await startJwks();
  jwks.add('a');
  const authenticator = authenticatorFor({ url: jwks.url, cooldownMs: 60_000 });
  await authenticator.authenticate(await jwks.sign('a'));
  const stranger = newPair().privateKey;
  const flood = await Promise.allSettled(
    Array.from({ length: 1_000 }, async (_, n) => authenticator.authenticate(await jwks.sign(`x${n}`, stranger))),
  );
  expect(flood.every((result) => result.status === 'rejected' && result.reason.code === 'unauthenticated')).toBe(true);
  expect(jwks.state.fetches).toBe(1);
  expect(await authenticator.authenticate(await jwks.sign('a'))).toMatchObject({ userId: 'u1' });
});

it('follows a rotation once the cooldown is over, with old and new keys side by side (S10)', async () => {
  await using jwks = await startJwks();
  jwks.add('old');
  const authenticator = authenticatorFor({ url: jwks.url, cooldownMs: 0 });
  await authenticator.authenticate(await jwks.sign('old'));
  jwks.add('new');
  expect(await authenticator.authenticate(await jwks.sign('new'))).toMatchObject({ userId: 'u1' });
  expect(await authenticator.authenticate(await jwks.sign('old'))).toMatchObject({ userId: 'u1' });
});

it('goes on with cached keys while the URL is down, however old they are (S10)', async () => {
  await using jwks = await startJwks();
  jwks.add('a');
  const authenticator = authenticatorFor({ url: jwks.url, cooldownMs: 0, maxAgeMs: 0 });
  await authenticator.authenticate(await jwks.sign('a'));
  jwks.state.status = 500;
  const token = await jwks.sign('a');
  for (let n = 0; n < 20; n++) expect(await authenticator.authenticate(token)).toMatchObject({ userId: 'u1' });
});

it('asks a dead URL once per retry time, not once per unknown key id (S10)', async () => {
  await using jwks = await startJwks();
  jwks.state.status = 500;
  const authenticator = authenticatorFor({ url: jwks.url, retryMs: 60_000 });
  const stranger = newPair().privateKey;
  for (let n = 0; n < 50; n++) {
    await expect(authenticator.authenticate(await jwks.sign(`x${n}`, stranger))).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
    });
  }
  expect(jwks.state.fetches).toBe(1);
});

it('drops a withdrawn key when the set is refreshed in the background', async () => {
  await using jwks = await startJwks();
  jwks.add('a');
  jwks.add('b');
  const authenticator = authenticatorFor({ url: jwks.url, maxAgeMs: 0 });
  const token = await jwks.sign('a');
  await authenticator.authenticate(token);
  jwks.remove('a');
  await expect
    .poll(
      () =>
        authenticator.authenticate(token).then(
          () => 'accepted',
          (error) => error.code,
        ),
      { timeout: 5_000, interval: 5 },
    )
    .toBe('unauthenticated');
});

it.each(['http://keys.example/jwks', 'ftp://127.0.0.1/keys', 'keys', 'file:///etc/keys'])(
  'refuses the URL %s',
  (url) => {
    expect(() => authenticatorFor({ url })).toThrow(TypeError);
  },
);

it.each(['http://localhost:1/k', 'http://[::1]:1/k', 'http://127.8.9.1/k', 'https://keys.example/jwks'])(
  'takes the URL %s',
  (url) => {
    expect(() => authenticatorFor({ url })).not.toThrow();
  },
);
