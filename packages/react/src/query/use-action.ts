import {
  type MutationOptions,
  type UseMutationOptions,
  type UseMutationResult,
  useMutation,
} from '@tanstack/react-query';
import { type RequestOptions, TrunklineError } from '@trunkline/client';
import type { ActionInput, ActionName, ActionOutput, ActionProgress } from '@trunkline/protocol';
import { useClient } from '../provider.js';
import type { AppClient, AppContract } from '../register.js';

type Action = ActionName<AppContract>;
type Input<A extends Action> = ActionInput<AppContract, A>;
type Output<A extends Action> = ActionOutput<AppContract, A>;
type Asked<A extends Action> = Omit<RequestOptions<ActionProgress<AppContract, A>>, 'signal'>;

/** An action of the contract as a mutation, for `useMutation` and the mutation cache. */
export function actionMutationOptions<A extends keyof AppContract['actions'] & string>(
  client: AppClient,
  action: A,
  options: Asked<A> = {},
): MutationOptions<Output<A>, TrunklineError, Input<A>> {
  return {
    mutationKey: ['trunkline', 'action', action],
    mutationFn: (input) => client.request(action, input, options),
    // The client waits for the connection by itself.
    networkMode: 'always',
  };
}

export type UseActionOptions<A extends Action> = Omit<
  UseMutationOptions<Output<A>, TrunklineError, Input<A>>,
  'mutationFn' | 'mutationKey'
> & {
  /** For the request itself: its time, its progress. */
  readonly request?: Asked<A> | undefined;
};

/** Asks for an action as `useMutation` does. */
export function useAction<A extends keyof AppContract['actions'] & string>(
  action: A,
  { request, ...options }: UseActionOptions<A> = {},
): UseMutationResult<Output<A>, TrunklineError, Input<A>> {
  const client = useClient();
  return useMutation({
    networkMode: 'always',
    ...options,
    mutationKey: ['trunkline', 'action', action],
    mutationFn: async (input) => {
      if (!client) throw new TrunklineError('unavailable', 'There is no client yet.');
      return await client.request(action, input, request);
    },
  });
}
