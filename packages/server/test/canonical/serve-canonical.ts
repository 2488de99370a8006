import { canonicalDialect } from '../../src/canonical/canonical-dialect.js';
import { createFakeGateway, type FakeGatewayOptions } from '../support/fake-gateway.js';
import { serve } from '../support/serve.js';

export async function serveCanonical(options: FakeGatewayOptions = {}) {
  const gateway = createFakeGateway({ opened: welcome, ...options });
  const served = await serve({ gateway, dialects: [canonicalDialect()], allowedOrigins: ['https://app.example.com'] });
  return Object.assign(served, { gateway, url: `ws://127.0.0.1:${served.port}` });
}

/** What the hub does first. */
const welcome: NonNullable<FakeGatewayOptions['opened']> = ({ admission, id, link, options }) => {
  const { ref } = options;
  const frame = link.encoder.encode({
    type: 'opened',
    ...(ref === undefined ? {} : { ref }),
    connectionId: id,
    session: 's1',
    principal: admission.principal,
    serverTime: 1,
    heartbeat: { intervalMs: 25_000, timeoutMs: 10_000 },
    limits: {
      maxMessageBytes: 1,
      maxRooms: 1,
      maxUnacked: 1,
      messagesPerSecond: 1,
      burst: 1,
      dedupeWindowMs: 1,
      reconnectSpreadMs: 1,
    },
  });
  if (frame) link.send(frame);
};
