import type { Position } from '@trunkline/protocol';

export const at = (offset: number): Position => ({ epoch: 'e1', offset, lastId: offset === 0 ? '' : `ev-${offset}` });

export const event = (offset: number, room = 'lobby:main') =>
  ({
    type: 'event',
    room,
    event: 'message',
    id: `ev-${offset}`,
    offset,
    epoch: 'e1',
    from: { userId: 'u2' },
    data: { text: `${offset}` },
    timestamp: 0,
  }) as const;
