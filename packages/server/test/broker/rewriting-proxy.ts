import { connect, createServer } from 'node:net';
import { freePort } from '@trunkline/testkit';

/** A way to a Redis on which its answers are rewritten, chunk by chunk; their length must stay. */
export async function startRewritingProxy(target: { readonly port: number }, rewrite: (answer: string) => string) {
  const port = await freePort();
  const server = createServer((client) => {
    const redis = connect(target.port, '127.0.0.1');
    client.on('error', () => redis.destroy()).on('close', () => redis.destroy());
    redis.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.on('data', (chunk) => redis.write(chunk));
    redis.on('data', (chunk) => client.write(rewrite(String(chunk))));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `redis://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
