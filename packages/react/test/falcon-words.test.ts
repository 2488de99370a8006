import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFalconConnection } from '../src/falcon/connection.js';
import { type ScriptedSocket, stubScriptedSockets } from './support/scripted-socket.js';

beforeEach(() => {
  vi.useFakeTimers();
  // The next try comes at once.
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function connectFalcon() {
  const sockets = stubScriptedSockets();
  const connection = createFalconConnection('ws://page/');
  const newest = () => sockets.at(-1) as ScriptedSocket;
  return {
    connection,
    sockets,
    newest,
    hear: (message: object) => newest().hear(JSON.stringify(message)),
    /** Type, room and data of what was sent. */
    said: () =>
      newest().sent.map((text) => {
        const { type, room, data } = JSON.parse(text);
        return [type, room, data];
      }),
  };
}

/** The end of a join, and of a connection, waits for a microtask. */
const settle = () => Promise.resolve();

test('knows the rooms that it is in, and how everyone is that it heard of', () => {
  const { connection, newest, hear } = connectFalcon();
  connection.retain();
  expect(connection.state.get().connectionState).toBe('connecting');
  newest().open();
  const members = [{ user_id: 'ann', status: 'online' }];
  hear({ type: 'room_joined', room: 'fleet', data: { members } });
  hear({ type: 'room_joined', room: 'fleet', data: {} });
  hear({ type: 'room_joined', room: 'other', data: {} });
  hear({ type: 'presence', data: { user_id: 'ben', status: 'busy' } });
  hear({ type: 'message', room: 'fleet', data: { user_id: 'cid', status: 'said' } });
  newest().hear('nonsense');
  const presence = { ann: 'online', ben: 'busy' };
  expect(connection.state.get()).toMatchObject({ rooms: ['fleet', 'other'], presence });
  hear({ type: 'room_left', room: 'fleet', data: {} });
  expect(connection.state.get().rooms).toEqual(['other']);
  newest().end(1_006);
  expect(connection.state.get()).toEqual({
    connectionState: 'reconnecting',
    rooms: [],
    presence,
    myStatus: undefined,
  });
});

test('asks for its rooms with each connection, then tells the status, then what waited', async () => {
  const { connection, newest, said } = connectFalcon();
  connection.send({ type: 'message', room: 'fleet', data: 1 });
  connection.retain();
  const leave = connection.join('fleet');
  connection.join('user:ann');
  newest().open();
  const join = ['room_update', 'fleet', { action: 'join' }];
  expect(said()).toEqual([join, ['message', 'fleet', 1]]);
  connection.setStatus('away');
  newest().end(1_006);
  vi.advanceTimersByTime(1);
  newest().open();
  expect(said()).toEqual([join, ['presence', undefined, { status: 'away' }]]);
  leave();
  await settle();
  expect(said().at(-1)).toEqual(['room_update', 'fleet', { action: 'leave' }]);
  const leaveAgain = connection.join('fleet');
  expect(said().at(-1)).toEqual(join);
  leaveAgain();
  await settle();
  newest().end(1_006);
  vi.advanceTimersByTime(1);
  newest().open();
  expect(said()).toEqual([['presence', undefined, { status: 'away' }]]);
});

test('asks for a sign of life after silence, and takes another socket when none comes', async () => {
  const { connection, sockets, newest, hear, said } = connectFalcon();
  const release = connection.retain();
  newest().open();
  const ask = ['heartbeat', undefined, {}];
  vi.advanceTimersByTime(25_000);
  expect(said()).toEqual([ask]);
  hear({ type: 'system', data: {} });
  vi.advanceTimersByTime(24_999);
  expect(said()).toEqual([ask]);
  vi.advanceTimersByTime(1);
  expect(said()).toEqual([ask, ask]);
  vi.advanceTimersByTime(9_999);
  expect(sockets).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(sockets).toHaveLength(2);
  newest().open();
  release();
  await settle();
  expect(vi.getTimerCount()).toBe(0);
});
