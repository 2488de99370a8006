import { bookingForeignChannels } from '@trunkline/dialects/booking';
import type { Hub, Logger, RedisBackend } from '@trunkline/server';

type Listener = (message: string, isHolder: boolean) => void;

/** Delivers what the booking document's services publish on their own Redis channels. */
export async function hearOtherServices(hub: Hub, foreign: RedisBackend['foreign'], logger: Logger): Promise<void> {
  const listeners = new Map<string, Listener>();
  bookingForeignChannels(
    hub,
    {
      listen(channel, listener) {
        listeners.set(channel, listener);
        return () => listeners.delete(channel);
      },
    },
    logger,
  );
  await foreign.start((channel, message) => listeners.get(channel)?.(JSON.stringify(message), foreign.isHolder()));
}
