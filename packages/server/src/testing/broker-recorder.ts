import type { BrokerEvents, BrokerStatus, LoggedEvent } from '../seams/broker.js';

/** Everything a broker told, in order. */
export interface BrokerRecorder extends BrokerEvents {
  readonly heard: { readonly room: string; readonly event: LoggedEvent }[];
  readonly ephemeral: { readonly room: string; readonly message: unknown }[];
  readonly signals: unknown[];
  readonly suspects: (readonly string[] | null)[];
  readonly statuses: BrokerStatus[];
  /** Offsets heard in one room. */
  offsets(room: string): number[];
}

export function createBrokerRecorder(): BrokerRecorder {
  const recorder: BrokerRecorder = {
    heard: [],
    ephemeral: [],
    signals: [],
    suspects: [],
    statuses: [],
    logged: (room, event) => void recorder.heard.push({ room, event }),
    emitted: (room, message) => void recorder.ephemeral.push({ room, message }),
    signalled: (message) => void recorder.signals.push(message),
    suspect: (rooms) => void recorder.suspects.push(rooms),
    status: (status) => void recorder.statuses.push(status),
    offsets: (room) => recorder.heard.filter((one) => one.room === room).map(({ event }) => event.offset),
  };
  return recorder;
}
