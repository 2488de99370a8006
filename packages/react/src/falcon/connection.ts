import { createId } from '@trunkline/protocol';
import { callSafely } from '../call-safely.js';
import { type Cell, createCell } from '../cell.js';
import { createOutbox, openPlainSocket, type PlainSocket, type PlainSocketState } from '../plain-socket.js';
import { createRetainer } from '../retainer.js';
import { fieldsOf, readMessage, type WSMessage } from './messages.js';
import { monitorHeartbeat } from './monitor-heartbeat.js';

/** `reconnecting`: it was lost and comes back by itself. `disconnected`: not asked for, or refused. */
export type ConnectionState = 'connecting' | 'connected' | 'reconnecting' | 'disconnected';

export interface FalconState {
  readonly connectionState: ConnectionState;
  /** Rooms the server has put me in. */
  readonly rooms: readonly string[];
  /** Status by user id, of everyone heard of. */
  readonly presence: Readonly<Record<string, string>>;
  /** What I said of myself last. */
  readonly myStatus: string | undefined;
}

/** One connection for all components: rooms are counted, and asked for again when it comes back. */
export interface FalconConnection {
  readonly state: Cell<FalconState>;
  /** Connects for the first who asks. */
  retain(): () => void;
  /** In the room until the answer is called; personal and group rooms are the server's to give. */
  join(room: string): () => void;
  send(message: Pick<WSMessage, 'type' | 'data'> & Partial<WSMessage>): void;
  setStatus(status: string): void;
  onMessage(listener: (message: WSMessage) => void): () => void;
}

export const NOTHING: FalconState = {
  connectionState: 'disconnected',
  rooms: [],
  presence: noted({}),
  myStatus: undefined,
};
const STATES = {
  connecting: 'connecting',
  open: 'connected',
  waiting: 'reconnecting',
  closed: 'disconnected',
} as const;
const AUTOMATIC = /^(?:user|group):/;

export function createFalconConnection(url: string): FalconConnection {
  const state = createCell(NOTHING);
  const listeners = new Set<{ readonly tell: (message: WSMessage) => void }>();
  const joins = new Map<string, () => () => void>();
  const wanted = new Set<string>();
  const outbox = createOutbox();
  let socket: PlainSocket | undefined;

  const word = (message: Pick<WSMessage, 'type' | 'data'> & Partial<WSMessage>) =>
    JSON.stringify({ id: createId(), timestamp: Date.now(), ...message });
  const membership = (action: 'join' | 'leave', room: string) => word({ type: 'room_update', room, data: { action } });

  /** Only while connected: what is wanted is asked for with each new connection. */
  function tellNow(text: string): void {
    if (socket?.state === 'open') socket.send(text);
  }

  function received(message: WSMessage): void {
    const { type, room, data } = message;
    const fields = fieldsOf(data);
    const { rooms, presence } = state.get();
    if (type === 'room_joined' && room) {
      const members = Array.isArray(fields.members) ? fields.members.map(fieldsOf) : [];
      const known = Object.fromEntries(members.map(({ user_id, status }) => [String(user_id), String(status)]));
      state.set({ rooms: [...new Set([...rooms, room])], presence: noted(presence, known) });
    } else if (type === 'room_left') {
      state.set({ rooms: rooms.filter((joined) => joined !== room) });
    } else if (type === 'presence') {
      state.set({ presence: noted(presence, { [String(fields.user_id)]: String(fields.status) }) });
    }
    for (const { tell } of [...listeners]) callSafely(() => tell(message));
  }

  function moved(next: PlainSocketState): void {
    if (next !== 'open') state.set({ rooms: [] });
    state.set({ connectionState: STATES[next] });
  }

  const retain = createRetainer(() => {
    const heartbeat = monitorHeartbeat({
      ask: () => tellNow(word({ type: 'heartbeat', data: {} })),
      dead: () => socket?.restart(),
    });
    state.set({ connectionState: 'connecting' });
    socket = openPlainSocket({
      url,
      outbox,
      changed: moved,
      received(text) {
        heartbeat.heard();
        const message = readMessage(text);
        if (message) received(message);
      },
      opened(sendNow) {
        heartbeat.heard();
        for (const room of wanted) sendNow(membership('join', room));
        const { myStatus } = state.get();
        if (myStatus !== undefined) sendNow(word({ type: 'presence', data: { status: myStatus } }));
      },
    });
    return () => {
      heartbeat.stop();
      socket?.close();
      socket = undefined;
      // The next connection may be another user's.
      outbox.take();
      state.set(NOTHING);
    };
  });

  function createJoin(room: string): () => () => void {
    return createRetainer(() => {
      if (AUTOMATIC.test(room)) return () => undefined;
      wanted.add(room);
      tellNow(membership('join', room));
      return () => {
        wanted.delete(room);
        joins.delete(room);
        tellNow(membership('leave', room));
      };
    });
  }

  return {
    state,
    retain,
    join(room) {
      const join = joins.get(room) ?? createJoin(room);
      joins.set(room, join);
      return join();
    },
    send(message) {
      const text = word(message);
      if (socket) socket.send(text);
      else outbox.add(text);
    },
    setStatus(status) {
      state.set({ myStatus: status });
      tellNow(word({ type: 'presence', data: { status } }));
    },
    onMessage(tell) {
      const entry = { tell };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
  };
}

/** Without a prototype: a user may be called `constructor`. */
function noted(...statuses: readonly FalconState['presence'][]): FalconState['presence'] {
  return Object.assign(Object.create(null), ...statuses);
}
