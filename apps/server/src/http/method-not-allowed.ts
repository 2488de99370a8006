import { TrunklineError } from '@trunkline/protocol';
import type { FastifyInstance, HTTPMethods } from 'fastify';
import { sendProblem } from './problem.js';

const METHODS: readonly HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * Remembers the methods of every path; the function it gives, called after the last route, answers all others 405 with
 * Allow, where Fastify alone would say 404.
 */
export function trackMethods(app: FastifyInstance): () => void {
  const known = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = known.get(url) ?? new Set();
    for (const one of [method].flat()) methods.add(one);
    known.set(url, methods);
  });

  return () => {
    for (const [url, methods] of [...known]) {
      if (url.includes('*')) continue;
      const allowed = [...methods].join(', ');
      app.route({
        method: METHODS.filter((method) => !methods.has(method)),
        url,
        schema: { hide: true },
        // Before the body is read: what it holds does not matter.
        onRequest: async (_, reply) => {
          await sendProblem(
            reply.header('allow', allowed),
            new TrunklineError('method_not_allowed', `This path takes ${allowed}.`),
          );
        },
        handler: async () => undefined,
      });
    }
  };
}
