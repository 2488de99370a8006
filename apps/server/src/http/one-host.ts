import { TrunklineError } from '@trunkline/protocol';
import type { FastifyInstance } from 'fastify';
import { sendProblem } from './problem.js';

/**
 * Refuses a request with several Host lines (RFC 9112, section 3.2). Node keeps the first and says nothing; what stands
 * before us may have taken another.
 */
export function refuseSecondHost(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    const hosts = request.raw.headersDistinct.host ?? [];
    if (hosts.length < 2) return;
    await sendProblem(reply.header('connection', 'close'), new TrunklineError('malformed', 'Name the Host once.'));
  });
}
