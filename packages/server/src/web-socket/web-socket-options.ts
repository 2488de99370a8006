import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CloseCode, TrunklineError } from '@trunkline/protocol';
import type { HttpRefusal } from '../router/http-refusal.js';
import type { Codec, Farewell } from '../seams/codec.js';
import type { RequestHead } from '../seams/dialect.js';
import type { Gateway } from '../seams/gateway.js';

/** HTTP before the upgrade, which a browser can not see, or a completed upgrade with a close code, which it can. */
export type Refusal = HttpRefusal | Farewell;

/** A plain HTTP path of a dialect's own, beside its WebSocket. */
type Endpoint = (gateway: Gateway, req: IncomingMessage, res: ServerResponse, head: RequestHead) => void;

export interface WebSocketDialectOptions {
  /** Names the dialect in metrics and in `OpenOptions.dialect`. */
  readonly name: string;
  /** Paths where it upgrades, exact, without query. */
  readonly paths: readonly string[];
  readonly codec: Codec;
  /**
   * Words what `codec.greet` or `gateway.authenticate` refused, before the upgrade. `{ status, body }` answers in HTTP,
   * `{ code, reason, frames? }` completes the upgrade and closes.
   */
  refuse(error: TrunklineError, head: RequestHead): Refusal;
  /** The format's own close code in place of one of the hub's. @default as it is */
  closeCode?(code: CloseCode): CloseCode;
  /** The one subprotocol that is answered when offered; others never are. @default name */
  readonly subprotocol?: string;
  /** Who pings: the hub by notices, or the link by WebSocket frames. @default 'notice' */
  readonly heartbeat?: 'notice' | 'link';
  /** permessage-deflate for messages from `thresholdBytes` on; costs memory per connection. @default false */
  readonly deflate?: { readonly thresholdBytes: number } | false;
  /** One message, inflated. @default gateway.limits.maxMessageBytes */
  readonly maxPayloadBytes?: number;
  /** Plain HTTP by path. @default {} */
  readonly endpoints?: Readonly<Record<string, Endpoint>>;
}
