import { TrunklineError } from '@trunkline/protocol';
import type { Codec, Gateway, RequestHead, WebSocketDialectOptions } from '@trunkline/server';

type Endpoint = NonNullable<WebSocketDialectOptions['endpoints']>[string];
type Refusal = ReturnType<WebSocketDialectOptions['refuse']>;

/**
 * Answers a plain request to the WebSocket's path as its upgrade would be refused, for formats that document their
 * refusals in HTTP; 426 where there is nothing to refuse but the missing upgrade, 405 for other methods than GET.
 */
export function answerPlain(codec: Codec, refuse: (error: TrunklineError) => Refusal): Endpoint {
  return (gateway, _req, res, head) => {
    if (head.method !== 'GET') {
      res.writeHead(405, { Allow: 'GET' }).end();
      return;
    }
    const controller = new AbortController();
    res.once('close', () => controller.abort());
    void refusalOf(codec, gateway, { head, signal: controller.signal }).then((error) => {
      const refusal = error ? refuse(error) : null;
      if (refusal === null || !('status' in refusal)) {
        res.writeHead(426, { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' }).end();
        return;
      }
      res.writeHead(refusal.status, { 'Content-Type': 'application/json; charset=utf-8', ...refusal.headers });
      res.end(JSON.stringify(refusal.body));
    });
  };
}

async function refusalOf(
  codec: Codec,
  gateway: Gateway,
  { head, signal }: { readonly head: RequestHead; readonly signal: AbortSignal },
): Promise<TrunklineError | null> {
  try {
    const greeting = codec.greet(head);
    if (greeting) await gateway.authenticate(greeting, signal);
    return null;
  } catch (error) {
    if (error instanceof TrunklineError) return error;
    gateway.logger.error({ err: error }, 'A plain request failed.');
    return new TrunklineError('internal', 'The server failed; try again.');
  }
}
