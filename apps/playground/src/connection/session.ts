import { type Client, type ConnectionState, createClient, type TokenOption } from '@trunkline/client';
import type { FrameLog } from '../frames/frame-log.js';
import { tappedWebSocket } from '../frames/tapped-web-socket.js';
import { openRoom, type RoomSession } from '../rooms/room-session.js';
import { createStore, type Store } from '../store.js';

/** One client and the rooms it is in, until the user connects as somebody else. */
export interface Session {
  readonly client: Client;
  readonly state: Store<ConnectionState>;
  readonly rooms: Store<readonly RoomSession[]>;
  /** @throws {TrunklineError} for a name outside the grammar */
  join(name: string): RoomSession;
  leave(name: string): Promise<void>;
  close(): Promise<void>;
}

export function openSession(token: TokenOption, log: FrameLog): Session {
  const client = createClient({
    url: socketUrl(),
    WebSocket: tappedWebSocket(log),
    ...(token === '' ? {} : { token }),
  });
  const state = createStore(client.state);
  const rooms = createStore<readonly RoomSession[]>([]);
  client.on('state', state.set);
  client.on('error', (error) => log.add('note', `${error.code}: ${error.message}`));
  // What went wrong is in the state.
  client.connect().catch(() => undefined);
  return {
    client,
    state,
    rooms,
    join(name) {
      const known = rooms.get().find(({ room }) => room.name === name);
      if (known) return known;
      const room = openRoom(client, name);
      rooms.set([...rooms.get(), room]);
      return room;
    },
    async leave(name) {
      const left = rooms.get().find(({ room }) => room.name === name);
      rooms.set(rooms.get().filter((other) => other !== left));
      await left?.leave();
    },
    close: () => client.close(),
  };
}

function socketUrl(): string {
  return new URL('/v1/connect', location.href).href.replace(/^http/, 'ws');
}
