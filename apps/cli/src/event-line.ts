import type { AnyRoomEvent } from '@trunkline/client';
import type { Contract } from '@trunkline/protocol';
import pc from 'picocolors';

type Event = AnyRoomEvent<Contract, string>;

/** An event on one line, for people. */
export function eventLine({ room, event, data, from, offset, timestamp, provisional }: Event): string {
  const sender = 'service' in from ? from.service : from.userId;
  const place = offset === undefined ? '' : pc.dim(` #${offset}`);
  const time = new Date(timestamp).toLocaleTimeString(undefined, { hourCycle: 'h23' });
  return [
    pc.dim(time),
    pc.cyan(room) + place,
    pc.bold(event),
    pc.magenta(sender),
    JSON.stringify(data) + (provisional ? pc.yellow(' (not kept yet)') : ''),
  ].join(' ');
}

/** An event as JSON: what the frame says, without what only matters on the wire. */
export function eventRecord({ room, event, id, data, from, offset, epoch, timestamp, provisional }: Event) {
  return { room, event, id, data, from, offset, epoch, timestamp, ...(provisional ? { provisional } : {}) };
}
