import {
  type ClientFrame,
  decodeClientFrame,
  type FrameFlaw,
  type HelloFrame,
  type Position,
  type RoomRequest,
  TrunklineError,
} from '@trunkline/protocol';
import type { Command } from '../seams/session.js';

/**
 * Reads one text frame of an open connection. Commands are built field by field: what else a client puts into a frame
 * must not reach the hub as an option of a command.
 */
export function readCommand(text: string): Command {
  const decoded = decodeClientFrame(text);
  return decoded.ok ? commandOf(decoded.frame) : refusedCommand(flawError(decoded), decoded.id);
}

export function flawError(flaw: FrameFlaw): TrunklineError {
  return new TrunklineError(flaw.code, flaw.message, { path: flaw.path });
}

/** The rooms of a `hello`, or a `join` without its type and id. */
export function roomRequest({ room, position, rewind }: RoomRequest): RoomRequest {
  return {
    room,
    ...(position === undefined ? {} : { position: positionOf(position) }),
    ...(rewind === undefined ? {} : { rewind }),
  };
}

function positionOf({ epoch, offset, lastId }: Position): Position {
  return { epoch, offset, lastId };
}

function refusedCommand(error: TrunklineError, id: string | undefined): Command {
  return id === undefined ? { type: 'refused', error } : { type: 'refused', error, id };
}

function secondHello(frame: HelloFrame): Command {
  const message = 'This connection is authenticated; use refresh for a new token.';
  return refusedCommand(new TrunklineError('already_authenticated', message), frame.id);
}

function commandOf(frame: ClientFrame): Command {
  switch (frame.type) {
    case 'publish': {
      const { id, room, event, data } = frame;
      if (typeof room === 'string') return { type: 'publish', id, rooms: [room], event, data };
      return { type: 'publish', id, rooms: room, event, data, listed: true };
    }
    case 'pong':
      return { type: 'pong' };
    case 'request': {
      const { id, action, data, timeoutMs } = frame;
      return { type: 'request', id, action, data, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    }
    case 'join':
      return { type: 'join', id: frame.id, ...roomRequest(frame) };
    case 'leave':
      return { type: 'leave', id: frame.id, room: frame.room };
    case 'send': {
      const { id, to, room, event, data } = frame;
      return { type: 'send', id, to, event, data, ...(room === undefined ? {} : { room }) };
    }
    case 'result': {
      const { id, of, data, error } = frame;
      if (error === undefined) return { type: 'result', id, of, data };
      return { type: 'result', id, of, error: { code: error.code, message: error.message } };
    }
    case 'presence': {
      const { id, room, state } = frame;
      return { type: 'presence', id, state, ...(room === undefined ? {} : { room }) };
    }
    case 'read': {
      const { id, room, epoch, offset, kind } = frame;
      return { type: 'read', id, room, epoch, offset, kind };
    }
    case 'receipts':
      return { type: 'receipts', id: frame.id, room: frame.room, offset: frame.offset };
    case 'history': {
      const { id, room, before, after, limit } = frame;
      return {
        type: 'history',
        id,
        room,
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after }),
        ...(limit === undefined ? {} : { limit }),
      };
    }
    case 'skip':
      return { type: 'skip', id: frame.id, room: frame.room, of: frame.of };
    case 'cancel':
      return { type: 'cancel', id: frame.id, of: frame.of };
    case 'refresh':
      return { type: 'refresh', id: frame.id, token: frame.token };
    case 'hello':
      return secondHello(frame);
  }
}
