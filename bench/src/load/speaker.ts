import type { ServerName } from './target.js';

/** What a server's frame is to the load generator, told by its first bytes. */
type FrameKind = 'delivery' | 'ready' | 'reply' | 'ping' | 'greeting' | 'error' | 'other';

/** Where and as whom a client connects. */
export interface Identity {
  readonly userId: string;
  readonly token: string;
  readonly rooms: readonly string[];
  /** Where each room is resumed; Trunkline only. */
  readonly positions?: readonly unknown[];
  readonly session?: string;
}

/** How a load client talks to one kind of server; frames are made whole and read by header and prefix only. */
export interface Speaker {
  readonly subprotocol?: string;
  path(identity: Identity): string;
  /** Sent when the upgrade is complete. */
  hello(identity: Identity): readonly string[];
  /** Sent when the server has sent its `greeting`. */
  afterGreeting(identity: Identity): readonly string[];
  /** `ready` frames until the client is a member of all its rooms. */
  readiesOf(identity: Identity): number;
  kindOf(bytes: Buffer, start: number): FrameKind;
  readonly pong: string;
  publish(room: string, data: string, id: string): string;
  request(data: string, id: number): string;
}

const CODE = (letter: string): number => letter.charCodeAt(0);
const [A, E, I, J, P, R, S, V, W] = ['a', 'e', 'i', 'j', 'p', 'r', 's', 'v', 'w'].map(CODE);
/** Length of `{"type":"`. */
const TYPE = 9;

function kindByType(bytes: Buffer, start: number): FrameKind {
  const first = bytes[start + TYPE];
  const second = bytes[start + TYPE + 1];
  if (first === E) return second === V ? 'delivery' : bytes[start + TYPE + 2] === R ? 'error' : 'other';
  if (first === A) return 'reply';
  if (first === R) return bytes[start + TYPE + 2] === S ? 'reply' : 'other';
  if (first === J) return 'ready';
  if (first === P) return second === I ? 'ping' : 'other';
  return first === W ? 'greeting' : 'other';
}

const trunkline: Speaker = {
  subprotocol: 'trunkline.v1',
  path: () => '/v1/connect',
  hello: ({ token, rooms, positions, session }) => [
    JSON.stringify({
      type: 'hello',
      id: 'hello',
      token,
      session,
      rooms: rooms.map((room, index) => ({ room, position: positions?.[index] })),
    }),
  ],
  afterGreeting: () => [],
  readiesOf: ({ rooms }) => Math.max(1, rooms.length),
  kindOf: kindByType,
  pong: '{"type":"pong"}',
  publish: (room, data, id) => `{"type":"publish","id":"${id}","room":"${room}","event":"message","data":${data}}`,
  request: (data, id) => `{"type":"request","id":"${requestId(id)}","action":"echo","data":${data}}`,
};

/** As long as those that the SDK makes. */
const requestId = (id: number): string => id.toString(16).padStart(32, '0');

/** The servers of this package on ws and Bun speak the plainest JSON there is; rooms are in the URL, nobody authenticates. */
const plain: Speaker = {
  path: ({ rooms }) => `/?rooms=${rooms.join(',')}`,
  hello: () => [],
  afterGreeting: () => [],
  readiesOf: () => 1,
  kindOf: kindByType,
  pong: '',
  publish: (room, data) => `{"type":"publish","room":"${room}","data":${data}}`,
  request: (data, id) => `{"type":"request","id":${id},"data":${data}}`,
};

const socketIo: Speaker = {
  path: () => '/socket.io/?EIO=4&transport=websocket',
  hello: () => ['40'],
  afterGreeting: ({ rooms }) => rooms.map((room) => `42["join","${room}"]`),
  readiesOf: ({ rooms }) => rooms.length,
  kindOf(bytes, start) {
    const packet = bytes[start];
    if (packet === CODE('2')) return 'ping';
    if (packet !== CODE('4')) return 'other';
    const type = bytes[start + 1];
    if (type === CODE('0')) return 'greeting';
    if (type === CODE('3')) return 'reply';
    if (type === CODE('4')) return 'error';
    return bytes[start + 4] === CODE('m') ? 'delivery' : 'ready';
  },
  pong: '3',
  publish: (room, data) => `42["m","${room}",${data}]`,
  request: (data, id) => `42${id}["echo",${data}]`,
};

export const SPEAKERS: Readonly<Record<ServerName, Speaker>> = {
  trunkline,
  'socket.io': socketIo,
  ws: plain,
  'ws-outbox': plain,
  bun: plain,
};
