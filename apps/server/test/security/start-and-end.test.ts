import { connectRaw, createTokenSigner } from '@trunkline/testkit';
import { describe, expect, it } from 'vitest';
import { SECRET } from '../start-api.js';
import { startProcess } from '../start-process.js';

const token = createTokenSigner(SECRET);
const production = { NODE_ENV: 'production', JWT_SECRET: SECRET };
const ready = /listening at (http:\S+) \(all\)/;

describe.concurrent('the process', () => {
  it('warns in production when no proxy is named that could end TLS, and starts (S45)', async () => {
    await using bare = startProcess(production);
    await bare.printed(/"level":40[^\n]*TRUSTED_PROXIES is empty[^\n]*TLS/);
    const [, url = ''] = await bare.printed(ready);
    const { headers } = await fetch(`${url}/healthz`);
    expect(headers.get('strict-transport-security')).toMatch(/max-age=\d+/);
    await using proxied = startProcess({ ...production, TRUSTED_PROXIES: '127.0.0.1' });
    await proxied.printed(ready);
    proxied.kill('SIGTERM');
    expect((await proxied.ended).stdout).not.toContain('TRUSTED_PROXIES');
  });

  it('ends within its deadline at SIGTERM although a client stays, whom it tells when to come back (S41)', async () => {
    await using server = startProcess({ ...production, DRAIN_WINDOW_MS: '300', DRAIN_DEADLINE_MS: '1500' });
    const [, url = ''] = await server.printed(ready);
    await using client = await connectRaw({ url: url.replace('http', 'ws') });
    await client.hello({ token: token('ann') });
    const from = performance.now();
    server.kill('SIGTERM');
    expect(await client.nextOf('goaway')).toMatchObject({ code: 1012, reconnect: true, afterMs: expect.any(Number) });
    expect((await client.closed).code).toBe(1012);
    expect((await server.ended).status).toBe(0);
    expect(performance.now() - from).toBeLessThan(1_500 + 2_000);
  });
});
