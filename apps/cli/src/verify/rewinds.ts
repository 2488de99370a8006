import type { FinalLog, HistoryEntry } from './history.js';

type Ok = HistoryEntry & { readonly type: 'ok' };

/**
 * Tells which acknowledgements still say something about order. A store that lost its last writes (a failover, an old
 * snapshot) uses their offsets again before that is noticed; once members were told `rewound`, the ones of that epoch
 * count only if their event is in the log.
 */
export function standingOf(
  history: readonly HistoryEntry[],
  logs: readonly FinalLog[],
): (room: string, ok: Ok) => boolean {
  const rewound = rewoundEpochs(history);
  const kept = new Map(logs.map(({ room, entries }) => [room, new Set(entries.map(({ uid }) => uid))]));
  return (room, { uid, epoch }) => !rewound.has(`${room}\n${epoch}`) || kept.get(room)?.has(uid) === true;
}

/** Each as room and epoch, of which some member was told that its store went back in time. */
export function rewoundEpochs(history: readonly HistoryEntry[]): ReadonlySet<string> {
  const epochs = new Map<string, string>();
  const rewound = new Set<string>();
  for (const entry of history) {
    if (entry.type !== 'start' && entry.type !== 'gap') continue;
    const member = `${entry.client}\n${entry.room}`;
    if (entry.type === 'gap' && entry.reason === 'rewound') rewound.add(`${entry.room}\n${epochs.get(member)}`);
    epochs.set(member, entry.position.epoch);
  }
  return rewound;
}
