import { type RequestOptions, TrunklineError } from '@trunkline/client';
import type { ActionInput, ActionName, ActionOutput, ActionProgress } from '@trunkline/protocol';
import { useMemo, useState, useSyncExternalStore } from 'react';
import { createCell } from './cell.js';
import { useClient } from './provider.js';
import type { AppContract } from './register.js';
import { useLatest } from './use-latest.js';

type Action = ActionName<AppContract>;
type Progress<A extends Action> = ActionProgress<AppContract, A>;

export interface RequestState<A extends Action> {
  readonly status: 'idle' | 'pending' | 'success' | 'error';
  readonly data: ActionOutput<AppContract, A> | undefined;
  readonly error: unknown;
  /** The newest of the newest request. */
  readonly progress: Progress<A> | undefined;
}

export interface Request<A extends Action> extends RequestState<A> {
  /** Asks; the state follows the newest request. Goes on when the component goes. @throws {TrunklineError} */
  readonly request: (input: ActionInput<AppContract, A>) => Promise<ActionOutput<AppContract, A>>;
  /** Cancels the newest request, on the server too. */
  readonly cancel: () => void;
}

/** An action of the contract, with its progress. */
export function useRequest<A extends keyof AppContract['actions'] & string>(
  action: A,
  options: Omit<RequestOptions<Progress<A>>, 'signal'> = {},
): Request<A> {
  const client = useClient();
  const latest = useLatest(options);
  const [asker] = useState(() => createAsker<A>());
  const state = useSyncExternalStore(asker.cell.subscribe, asker.cell.get, asker.cell.get);
  return useMemo(
    () => ({
      ...state,
      cancel: asker.cancel,
      request: (input) =>
        asker.run(async (signal, onProgress) => {
          if (!client) throw new TrunklineError('unavailable', 'There is no client yet.');
          const given = latest.current;
          return await client.request(action, input, {
            ...given,
            signal,
            onProgress(progress) {
              onProgress(progress);
              given.onProgress?.(progress);
            },
          });
        }),
    }),
    [action, asker, client, latest, state],
  );
}

type Ask<A extends Action> = (
  signal: AbortSignal,
  onProgress: (progress: Progress<A>) => void,
) => Promise<ActionOutput<AppContract, A>>;

function createAsker<A extends Action>() {
  const cell = createCell<RequestState<A>>({ status: 'idle', data: undefined, error: undefined, progress: undefined });
  let newest = new AbortController();
  return {
    cell,
    cancel: () => newest.abort(),
    async run(ask: Ask<A>) {
      const mine = new AbortController();
      newest = mine;
      const tell = (change: Partial<RequestState<A>>) => {
        if (newest === mine) cell.set(change);
      };
      tell({ status: 'pending', data: undefined, error: undefined, progress: undefined });
      try {
        const data = await ask(mine.signal, (progress) => tell({ progress }));
        tell({ status: 'success', data });
        return data;
      } catch (error) {
        tell({ status: 'error', error });
        throw error;
      }
    },
  };
}
