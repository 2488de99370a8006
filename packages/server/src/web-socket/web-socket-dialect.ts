import type { Dialect } from '../seams/dialect.js';
import type { WebSocketDialectOptions } from './web-socket-options.js';

/** A dialect from a codec: upgrades, refusals, hello, frames and closes for any ordinary format over one WebSocket. */
export declare function webSocketDialect(options: WebSocketDialectOptions): Dialect;
