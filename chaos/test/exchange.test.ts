import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '@trunkline/cli/verify';
import { eventually, type FaultProxy, spawnServer, startFaultProxy } from '@trunkline/testkit';
import { SignJWT } from 'jose';
import { expect, it } from 'vitest';
import type { Heard, Talk } from '../src/exchange.js';

const MAIN = fileURLToPath(new URL('../../apps/server/dist/main.js', import.meta.url));
const EXCHANGE = fileURLToPath(new URL('../dist/exchange.js', import.meta.url));
const SECRET = 'a-secret-of-at-least-32-bytes-for-tests';
const EACH = 5_000;

it('two processes exchange 10 000 durable messages, each once and in order, while every socket is cut at random', async () => {
  await using server = await spawnServer({
    main: MAIN,
    env: {
      NODE_ENV: 'production',
      JWT_SECRET: SECRET,
      HISTORY_SIZE: '20000',
      LOG_LEVEL: 'warn',
      RATE_LIMIT_MESSAGES_PER_SECOND: '5000',
    },
  });
  await using left = await startFaultProxy({ targetPort: server.port });
  await using right = await startFaultProxy({ targetPort: server.port });
  const talks = await Promise.all([talk('ann', left), talk('bob', right)]);
  try {
    for (const { child } of talks) child.send('go');
    const seed = Date.now() % 1_000_000;
    const random = seededRandom(seed);
    const over = Promise.all(talks.map(({ heard }) => heard));
    const cutting = { on: true };
    const cuts = Promise.all([left, right].map((proxy) => cutAtRandom(proxy, random, cutting)));
    const results = await over.finally(() => {
      cutting.on = false;
    });
    const total = (await cuts).reduce((sum, count) => sum + count, 0);
    const [ann, bob] = results;
    process.stdout.write(
      `exchange (seed ${seed}): ${results.map(({ acknowledged }) => acknowledged).join(' + ')} acknowledged, ` +
        `${results.map(({ texts }) => texts.length).join(' and ')} received, ${total} cuts, ` +
        `${results.map(({ reconnects }) => reconnects).join(' + ')} reconnects, ` +
        `${results.map(({ gaps }) => gaps).join(' + ')} gaps\n`,
    );
    expect(total).toBeGreaterThan(5);
    expect(results.map(({ gaps }) => gaps)).toEqual([0, 0]);
    expect(ann?.texts).toHaveLength(2 * EACH);
    expect(new Set(ann?.texts).size).toBe(2 * EACH);
    expect(bob?.texts).toEqual(ann?.texts);
    for (const name of ['ann', 'bob']) {
      const inOrder = Array.from({ length: EACH }, (_, index) => `${name} ${index + 1}`);
      expect(ann?.texts.filter((text) => text.startsWith(name))).toEqual(inOrder);
    }
  } finally {
    for (const { child } of talks) child.kill('SIGKILL');
  }
}, 60_000);

async function talk(name: string, proxy: FaultProxy): Promise<{ child: ChildProcess; heard: Promise<Heard> }> {
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(name)
    .setIssuedAt()
    .setExpirationTime('1 hour')
    .sign(new TextEncoder().encode(SECRET));
  const url = `ws://127.0.0.1:${proxy.port}/v1/connect`;
  const order: Talk = { url, token, name, room: 'lobby:exchange', messages: EACH, expected: 2 * EACH };
  // Without this process's conditions, which would lead to sources.
  const child = fork(EXCHANGE, [JSON.stringify(order)], { execArgv: [] });
  const heard = new Promise<Heard>((resolve, reject) => {
    child.on('message', (report: Heard | { readonly type: 'joined' }) => {
      if (report.type === 'heard') resolve(report);
    });
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it had heard everything`)));
  });
  heard.catch(() => undefined);
  await Promise.race([once(child, 'message'), heard]);
  return { child, heard };
}

/** Cuts in the middle of frames, by reset and by end; leaves each connection a moment. @returns how often */
async function cutAtRandom(
  proxy: FaultProxy,
  random: () => number,
  cutting: { readonly on: boolean },
): Promise<number> {
  const before = proxy.counts.cuts;
  while (cutting.on) {
    await delay(50 + random() * 250);
    const way = Math.floor(random() * 4);
    if (way === 0) proxy.cut();
    else if (way === 1) proxy.rstAll();
    else proxy.cutAfter(way === 2 ? 'up' : 'down', 1 + Math.floor(random() * 5_000));
    await eventually(() => !cutting.on || proxy.open > 0, { timeoutMs: 30_000 });
  }
  proxy.heal();
  return proxy.counts.cuts - before;
}
