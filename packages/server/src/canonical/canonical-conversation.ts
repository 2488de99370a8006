import {
  type CloseCode,
  decodeClientFrame,
  type HelloFrame,
  type ServerFrame,
  TrunklineError,
} from '@trunkline/protocol';
import type { Conversation, Decoded, Farewell, Hello } from '../seams/codec.js';
import type { Credentials } from '../seams/gateway.js';
import type { Reply } from '../seams/session.js';
import { flawError, readCommand, roomRequest } from './canonical-commands.js';
import { isPlain, quote } from './quote.js';

/** Which refusal of a hello closes how (PROTOCOL.md, "The server's side"). */
const CLOSE_OF_ERROR = new Map<string, CloseCode>([
  ['forbidden', 4504],
  ['internal', 1011],
  ['invalid_frame', 4501],
  ['malformed', 4501],
  ['not_authenticated', 4501],
  ['rate_limited', 4003],
  ['token_expired', 4101],
  ['token_revoked', 4102],
  ['too_large', 1009],
  ['too_many_connections', 4004],
  ['unauthenticated', 4100],
  ['unavailable', 4005],
  ['unknown_frame', 4501],
]);

const SPENT: Credentials = { address: '' };

/** One connection of `trunkline.v1`: the hello, then frames and answers by id. */
export class CanonicalConversation implements Conversation {
  #handshake: Credentials;
  #helloId: string | undefined;

  constructor(handshake: Credentials) {
    this.#handshake = handshake;
  }

  hello(text: string): Hello | Farewell {
    const decoded = decodeClientFrame(text);
    if (!decoded.ok) return farewell(flawError(decoded), decoded.id);
    const { frame } = decoded;
    if (frame.type !== 'hello') {
      const id = frame.type === 'pong' ? undefined : frame.id;
      return farewell(new TrunklineError('not_authenticated', 'Send hello first.'), id);
    }
    this.#helloId = frame.id;
    const { session } = frame;
    const greeting = { credentials: this.#credentials(frame), ...(session === undefined ? {} : { session }) };
    return { greeting, options: openOptions(frame), takesBatches: frame.batch === true };
  }

  refuse(error: TrunklineError): Farewell {
    return farewell(error, this.#helloId);
  }

  opened(): void {
    // A token is not kept longer than it is of use.
    this.#handshake = SPENT;
    this.#helloId = undefined;
  }

  decode(text: string): readonly Decoded[] {
    return [{ command: readCommand(text) }];
  }

  reply(reply: Reply, { command }: Decoded): readonly string[] {
    const isSingle = command.type === 'publish' && !command.listed;
    const text = replyText(reply, 'id' in command ? command.id : undefined, isSingle);
    return text === null ? [] : [text];
  }

  #credentials({ token }: HelloFrame): Credentials {
    const { address, origin } = this.#handshake;
    return token === undefined ? this.#handshake : { address, token, ...(origin === undefined ? {} : { origin }) };
  }
}

function openOptions(frame: HelloFrame): Hello['options'] {
  return {
    ref: frame.id,
    // These clients know ids: they get each room's own copy, and what was refused comes again under its id.
    eachEventOnce: false,
    ...(frame.session === undefined ? {} : { session: frame.session }),
    ...(frame.rooms === undefined ? {} : { rooms: frame.rooms.map(roomRequest) }),
  };
}

function farewell(error: TrunklineError, id: string | undefined): Farewell {
  const code = CLOSE_OF_ERROR.get(error.code) ?? (error.retryable ? 4005 : 4501);
  return { code, frames: [JSON.stringify(errorFrame(error, id))] };
}

function errorFrame(error: TrunklineError, id: string | undefined): ServerFrame {
  return { type: 'error', ...(id === undefined ? {} : { id }), ...error.toBody() };
}

function replyText(reply: Reply, replyTo: string | undefined, isSingle: boolean): string | null {
  if (reply.type === 'done') return null;
  if (reply.type === 'error') return JSON.stringify(errorFrame(reply.error, replyTo));
  // Everything that is answered otherwise than by an error has an id.
  const id = replyTo ?? '';
  switch (reply.type) {
    case 'ack': {
      const { eventId, rooms } = reply;
      return isSingle || rooms.length === 0
        ? ackText(reply, id)
        : JSON.stringify({ type: 'ack', id, eventId, rooms } satisfies ServerFrame);
    }
    case 'left':
      return responseText(id, null);
    case 'response':
      return responseText(id, reply.data);
  }
}

/** What JSON has no word for is null, as in an array. */
function responseText(id: string, data: unknown): string {
  return `{"type":"response","id":${quote(id)},"data":${JSON.stringify(data) ?? 'null'}}`;
}

/** Of a publish to one room, joined as {@link wordEvent} joins: it comes with every durable event. */
function ackText({ eventId, rooms }: Reply & { readonly type: 'ack' }, id: string): string {
  const { epoch, offset, duplicate } = rooms[0] ?? {};
  if (!isPlain(id) || !isPlain(eventId) || !isPlain(epoch ?? ''))
    return JSON.stringify({ type: 'ack', id, eventId, epoch, offset, duplicate });
  const place = epoch === undefined || offset === undefined ? '' : `,"epoch":"${epoch}","offset":${offset}`;
  const again = duplicate === undefined ? '' : `,"duplicate":${duplicate}`;
  return `{"type":"ack","id":"${id}","eventId":"${eventId}"${place}${again}}`;
}
