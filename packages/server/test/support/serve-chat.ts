import { webSocketDialect } from '../../src/web-socket/web-socket-dialect.js';
import type { WebSocketDialectOptions } from '../../src/web-socket/web-socket-options.js';
import { createChatCodec, refuseChat } from './chat-codec.js';
import { createFakeGateway, type FakeGatewayOptions } from './fake-gateway.js';
import { serve } from './serve.js';

export async function serveChat(
  options: FakeGatewayOptions = {},
  dialectOptions: Partial<WebSocketDialectOptions> = {},
) {
  const gateway = createFakeGateway(options);
  const codec = createChatCodec();
  const chat = webSocketDialect({ name: 'chat', paths: ['/ws'], codec, refuse: refuseChat, ...dialectOptions });
  return Object.assign(await serve({ gateway, dialects: [chat] }), { codec, gateway });
}
