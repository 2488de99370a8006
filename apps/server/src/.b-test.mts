import {
  connectRaw,
  eventually,
  spawnServer,
  startFaultProxy,
  startRedis,
} from '../../../packages/testkit/src/index.ts';

const redis = await startRedis({ appendonly: true });
const proxy = await startFaultProxy({ targetPort: redis.port });
const main = new URL('.b.mjs', import.meta.url).pathname;
const env = (port: number) => ({
  NODE_ENV: 'development',
  JWT_SECRET: 'x'.repeat(40),
  REDIS_URL: `redis://127.0.0.1:${port}`,
  LOG_LEVEL: 'info',
  LOG_FORMAT: 'json',
});
const t0 = Date.now();
const a = await spawnServer({ main, env: env(redis.port) });
const b = await spawnServer({ main, env: env(proxy.port) });
console.log('both ready', Date.now() - t0);
const token = async (s: typeof a) =>
  ((await (await fetch(`${s.url}/test-token`)).json()) as any).access_token ??
  ((await (await fetch(`${s.url}/test-token`)).json()) as any).token;
const tk = await token(a);
const ca = await connectRaw({ url: a.socketUrl });
const wa = await ca.hello({ token: tk });
const cb = await connectRaw({ url: b.socketUrl });
await cb.hello({ token: tk });
const ja = await ca.join('lobby:all');
const jb = await cb.join('lobby:all');
console.log(ja.position, jb.position, JSON.stringify(jb.presence));
const ack = await ca.publish('lobby:all', 'message', { text: 'hi' });
const ev = await cb.nextOf('event');
console.log('event on b', ev.offset, ack.offset, (ev.data as any).text);
await ca
  .publish('lobby:all', 'typing', { isTyping: true })
  .catch((e) => console.log('typing', e.message))
  .then(() => undefined);
console.log('typing heard', (await cb.nextOf('event')).event);
// redis kill -9 with AOF
await redis.kill();
await eventually(async () => ((await (await fetch(`${a.url}/readyz`)).json()) as any).status === 'degraded');
console.log('degraded', await (await fetch(`${a.url}/readyz`)).text());
await ca.publish('lobby:all', 'message', { text: 'back' }, 'retry-1').catch((e) => console.log('away:', e.message));
await redis.start();
const t1 = Date.now();
for (const s of [a, b])
  await eventually(async () => ((await (await fetch(`${s.url}/readyz`)).json()) as any).status !== 'degraded', {
    timeoutMs: 15000,
  });
console.log('healed in', Date.now() - t1, await (await fetch(`${a.url}/readyz`)).text());
const t2 = Date.now();
await eventually(
  async () => {
    await ca.publish('lobby:all', 'message', { text: 'back' }, 'retry-1');
    return true;
  },
  { timeoutMs: 10000 },
);
const e2 = await cb.nextWhere((f) => f.type === 'event' && (f.data as any).text === 'back', 'back', 8000);
console.log('back', (e2 as any).offset, Date.now() - t2);
// subscriber killed under load
let acked = 0;
const pubs = (async () => {
  for (let i = 0; i < 300; i++) {
    await eventually(
      async () => {
        await ca.publish('lobby:all', 'message', { text: `n${i}` }, `id-${i}`);
        return true;
      },
      { timeoutMs: 8000 },
    );
    acked++;
    if (i === 100) await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    if (i === 200) proxy.rstAll();
  }
})();
await pubs.catch((e) => console.log('pub failed', e.message));
await eventually(
  () => cb.seen.filter((f) => f.type === 'event' && String((f.data as any).text).startsWith('n')).length >= acked,
  { timeoutMs: 10000 },
).catch((e) => console.log(e.message));
const got = cb.seen.filter((f) => f.type === 'event' && f.offset).map((f: any) => f.offset);
console.log(
  'acked',
  acked,
  'b got',
  got.length,
  'sorted',
  got.every((o, i) => i === 0 || o === got[i - 1] + 1),
  'gaps',
  cb.seen.filter((f) => f.type === 'gap').length,
  'joined',
  cb.seen.filter((f) => f.type === 'joined').length,
);
const gota = ca.seen.filter((f) => f.type === 'event' && f.offset).map((f: any) => f.offset);
console.log(
  'a sorted',
  gota.length,
  gota.every((o, i) => i === 0 || o === gota[i - 1] + 1),
  'gaps',
  ca.seen.filter((f) => f.type === 'gap').length,
);
// presence after kill -9 of b
const t3 = Date.now();
await b.kill();
await eventually(
  () => ca.seen.some((f: any) => f.type === 'presence' && (f.change === 'leave' || f.change === 'update') && f.version),
  { timeoutMs: 14000 },
).catch((e) => console.log('presence', e.message));
console.log('presence', Date.now() - t3, JSON.stringify(ca.seen.filter((f: any) => f.type === 'presence').slice(-2)));
console.log(
  a
    .output()
    .split('\n')
    .filter((l) => /warn|error|"level":(40|50|60)/.test(l))
    .slice(-15)
    .join('\n'),
);
a.signal('SIGTERM');
console.log('exit', await a.exited);
await ca[Symbol.asyncDispose]();
await cb[Symbol.asyncDispose]();
await proxy[Symbol.asyncDispose]();
await redis[Symbol.asyncDispose]();
