import { type Broker, type BrokerEvents, createMemoryBroker } from '@trunkline/server';

/** A log that outlives the hub in front of it, as Redis does: give each new hub `forHub()`. */
export async function createSurvivingBroker(): Promise<{ forHub(): Broker; close(): Promise<void> }> {
  const broker = createMemoryBroker();
  let current: BrokerEvents | undefined;
  await broker.start({
    logged: (room, event) => current?.logged(room, event),
    emitted: (room, message) => current?.emitted(room, message),
    signalled: (message) => current?.signalled(message),
    suspect: (rooms) => current?.suspect(rooms),
    status: (status) => current?.status(status),
  });
  return {
    forHub: () => ({
      ...broker,
      get status() {
        return broker.status;
      },
      async start(events) {
        current = events;
        events.status(broker.status);
      },
      async close() {
        current = undefined;
      },
    }),
    close: () => broker.close(),
  };
}
