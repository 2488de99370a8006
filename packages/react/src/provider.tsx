import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import type { AppClient } from './register.js';
import { useLatest } from './use-latest.js';

/** null: there is no provider. */
const ClientContext = createContext<AppClient | undefined | null>(null);

export interface TrunklineProviderProps {
  /**
   * A client that you made and close yourself; or a function that makes one, called after the first paint and never on a
   * server, whose client the provider closes when it goes.
   */
  readonly client: AppClient | (() => AppClient);
  readonly children?: ReactNode;
}

/** Gives the hooks below it their client, and connects it. */
export function TrunklineProvider({ client: given, children }: TrunklineProviderProps): ReactNode {
  const [own, setOwn] = useState<AppClient>();
  const make = useLatest(given);
  const owns = typeof given === 'function';
  const client = owns ? own : given;

  useEffect(() => {
    if (!owns || typeof make.current !== 'function') return;
    const made = make.current();
    setOwn(made);
    return () => void made.close();
  }, [owns, make]);

  useEffect(() => {
    // Why it ended is in `useConnection`.
    if (client?.state.status === 'idle') client.connect().catch(() => undefined);
  }, [client]);

  return <ClientContext.Provider value={client}>{children}</ClientContext.Provider>;
}

/**
 * The client of the provider above; undefined on a server, and before a provider's own client is made.
 *
 * @throws {TypeError} without a provider, as every hook that needs one
 */
export function useClient(): AppClient | undefined {
  const client = useContext(ClientContext);
  if (client === null) throw new TypeError('There is no TrunklineProvider above this hook.');
  return client;
}
