/**
 * Actions over Socket.IO: `actionsDialect()` serves it on `/realtime`, `actionsService(hub).sendUpdate` is its backend
 * function. WIRE.md has the format; `schema.js` every message of it.
 */
import type { Dialect } from '@trunkline/server';
import { mountActions } from './mount-actions.js';

export { type ActionsService, actionsService } from './actions-service.js';
export { actionsEncoder } from './codec.js';
export {
  clientMessages,
  handshakeSchema,
  refusalSchema,
  serverMessageSchema,
  type Update,
  updateSchema,
} from './schema.js';

export interface ActionsDialectOptions {
  /** Exact origins whose pages may poll, or who decides it. @default [] */
  readonly allowedOrigins?: readonly string[] | ((origin: string) => boolean);
  /**
   * Names each new Engine.IO session, so that processes which share a port can tell whose it is. Unguessable, and of
   * characters that need no escape in a URL: the name is all that a client shows to go on. @default 120 random bits
   */
  readonly createSessionId?: () => string;
  /** @default '/realtime' */
  readonly path?: string;
}

/** Socket.IO 4 and 2 clients, by WebSocket and polling. */
export function actionsDialect(options: ActionsDialectOptions = {}): Dialect {
  const { allowedOrigins = [], createSessionId, path = '/realtime' } = options;
  return {
    name: 'actions',
    match: (head) => head.path === path || head.path === `${path}/`,
    mount: (gateway) =>
      mountActions(gateway, {
        ...(createSessionId ? { createSessionId } : {}),
        mayPoll: typeof allowedOrigins === 'function' ? allowedOrigins : (origin) => allowedOrigins.includes(origin),
      }),
  };
}
