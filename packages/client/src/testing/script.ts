import type { FrameLike, RecordedConnection, RecordedFrame } from './recording.js';

/** A room as a `hello` or a `join` names it. */
export type Asked = Readonly<Record<string, unknown>> & { readonly room: unknown };

/** The rooms that a client's frame asks to join. */
export function roomsOf({ type, rooms, room }: FrameLike): readonly Asked[] {
  if (type === 'hello') return Array.isArray(rooms) ? rooms : [];
  return type === 'join' ? [{ room }] : [];
}

/** What a client's frame does: the rooms of a `hello` are so many joins. */
export function stepsOf(frame: FrameLike): readonly FrameLike[] {
  if (frame.type !== 'hello' || frame.rooms === undefined) return [frame];
  const { rooms, ...hello } = frame;
  return [hello, ...roomsOf(frame).map((asked) => ({ type: 'join', id: frame.id, ...asked }))];
}

/**
 * A recorded connection with the rooms of its `hello` as joins after its `welcome`: which rooms are asked for before the socket is
 * open hangs on how long the token takes, which in a test is no time. Answers say which room they are about.
 */
export function scriptOf({ frames, closed }: RecordedConnection): RecordedConnection {
  const rooms = new Map<string, unknown>();
  let joins: RecordedFrame[] = [];
  const script = frames.flatMap(({ from, frame }): readonly RecordedFrame[] => {
    if (from === 'server') {
      if (frame.type === 'welcome') return [{ from, frame }, ...joins.splice(0)];
      const room = frame.type === 'error' ? rooms.get(keyOf(frame)) : undefined;
      return [{ from, frame: room === undefined ? frame : { ...withoutPlace(frame), room } }];
    }
    const [first = frame, ...more] = stepsOf(frame);
    for (const [index, { room }] of roomsOf(frame).entries())
      rooms.set(keyOf({ ...frame, ...(frame.type === 'hello' && { path: `rooms.${index}` }) }), room);
    joins = more.map((join) => ({ from, frame: join }));
    return [{ from, frame: first }];
  });
  return { frames: script, ...(closed && { closed }) };
}

/** A place among the rooms of a `hello` is another one in every run. */
const PLACE = /^rooms\.\d+$/;
const isPlace = ({ path }: FrameLike): boolean => typeof path === 'string' && PLACE.test(path);

function keyOf(frame: FrameLike): string {
  return JSON.stringify([frame.id, isPlace(frame) ? frame.path : null]);
}

function withoutPlace(frame: FrameLike): FrameLike {
  const { path, ...rest } = frame;
  return isPlace(frame) ? rest : frame;
}
