import type { Socket as EngineSocket, Transport } from 'engine.io';
import { WebSocket } from 'ws';

/** Hands over the WebSocket of an Engine.IO session: at once, or when one takes the place of polling. */
export function onWebSocket(conn: EngineSocket, use: (socket: WebSocket) => void): void {
  const look = (transport: Transport) => {
    const socket: unknown = Reflect.get(transport, 'socket');
    if (socket instanceof WebSocket) use(socket);
  };
  look(conn.transport);
  conn.on('upgrade', look);
}
