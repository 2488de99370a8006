import type { Contract, HistoryResult, RoomKind } from '@trunkline/protocol';
import type { HistoryPage, HistoryQuery } from './client-api.js';
import { type AnyEvent, toEvent } from './events.js';
import type { Outbox } from './outbox-api.js';

type Page = HistoryPage<Contract, RoomKind<Contract>>;

/** Reads pages of a room's log; by default what came before live delivery began, at `firstLive`. */
export function createHistory(
  room: string,
  outbox: Pick<Outbox, 'request'>,
  firstLive: () => number | undefined,
): (query?: HistoryQuery) => Promise<Page> {
  return async function history({
    limit = 50,
    after,
    before = after === undefined ? firstLive() : undefined,
    signal,
  }: HistoryQuery = {}): Promise<Page> {
    const data = (await outbox.request({ type: 'history', room, limit, before, after }, { signal })) as HistoryResult;
    const oldest = data.events[0]?.offset ?? 0;
    return {
      ...data,
      events: data.events.map((frame) => toEvent<AnyEvent<Contract>>(frame)),
      async older() {
        if (oldest <= data.trimmedOffset + 1) return null;
        const page = await history({ limit, before: oldest, signal });
        return page.events[0] ? page : null;
      },
    };
  };
}
