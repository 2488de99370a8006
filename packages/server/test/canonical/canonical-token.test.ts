import { connectRaw, UpgradeRefused } from '@trunkline/testkit';
import { describe, expect, it } from 'vitest';
import { serveCanonical } from './serve-canonical.js';

describe('the token of a trunkline.v1 connection', () => {
  const SOURCES: readonly (readonly [
    string,
    Parameters<typeof connectRaw>[0]['headers'],
    string,
    string | undefined,
    object,
  ])[] = [
    ['the hello, before all others', { Authorization: 'Bearer header' }, '', 'hello', { token: 'hello' }],
    ['Authorization', { Authorization: 'Bearer header' }, '', undefined, { token: 'header' }],
    ['a one-time ticket', {}, '?ticket=tkt_abc', undefined, { token: 'tkt_abc' }],
    [
      'a cookie',
      { Cookie: 'a=b; trunkline_token=cookie', Origin: 'https://app.example.com' },
      '',
      undefined,
      { token: 'cookie', fromCookie: true, origin: 'https://app.example.com' },
    ],
  ];
  it.each(SOURCES)('takes the token from %s', async (_, headers = {}, query, token, credentials) => {
    await using served = await serveCanonical();
    await using client = await connectRaw({ url: `${served.url}/v1/connect${query}`, headers });
    await client.hello(token === undefined ? {} : { token });
    expect(served.gateway.greetings[0]?.credentials).toEqual({ address: '127.0.0.1', ...credentials });
  });

  it('takes the token from a subprotocol, which it does not echo', async () => {
    await using served = await serveCanonical();
    await using client = await connectRaw({ url: served.url, bearer: 'e30.e30.c2ln' });
    await client.hello();
    expect(served.gateway.greetings[0]?.credentials.token).toBe('e30.e30.c2ln');
    expect(client.socket.protocol).toBe('trunkline.v1');
  });

  it.each(['?token=u1', '?access_token=u1'])('takes no token from the query %s', async (query) => {
    await using served = await serveCanonical();
    await using client = await connectRaw({ url: `${served.url}/v1/connect${query}` });
    await client.hello();
    expect(served.gateway.greetings[0]?.credentials).toEqual({ address: '127.0.0.1' });
  });

  it('takes a token in the ticket parameter for a ticket that nobody issued', async () => {
    await using served = await serveCanonical();
    await using client = await connectRaw({ url: `${served.url}/v1/connect?ticket=e30.e30.c2ln` });
    await client.hello();
    expect(served.gateway.greetings[0]?.credentials.token).toBe('tkt_');
  });

  it('serves an upgrade without a subprotocol, and refuses one that offers only others', async () => {
    await using served = await serveCanonical();
    await using client = await connectRaw({ url: served.url, protocols: [] });
    await client.hello();
    expect(client.socket.protocol).toBe('');
    await expect(connectRaw({ url: served.url, protocols: ['other'] })).rejects.toMatchObject({ status: 400 });
    await expect(connectRaw({ url: served.url, protocols: [], bearer: 'x.y.z' })).rejects.toBeInstanceOf(
      UpgradeRefused,
    );
  });
});
