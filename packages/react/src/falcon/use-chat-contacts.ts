import { type QueryFunctionContext, type UseQueryResult, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useFalconState } from './provider.js';

export interface ChatContact {
  /** The user id. */
  readonly id: string;
  /** As presence says; `offline` for who was not heard of. */
  readonly status?: string;
  readonly [field: string]: unknown;
}

export interface UseChatContactsOptions {
  /** Loads the user's contacts from the backend. @default everyone whose presence was heard */
  readonly queryFn?: (context: QueryFunctionContext) => Promise<readonly ChatContact[]>;
}

/** The user's contacts, with their presence as it is now. */
export function useChatContacts({ queryFn }: UseChatContactsOptions = {}): UseQueryResult<readonly ChatContact[]> {
  const { presence } = useFalconState();
  const result = useQuery<readonly ChatContact[]>({
    queryKey: ['chat', 'contacts'],
    queryFn: queryFn ?? (async () => []),
  });
  const { data: loaded } = result;
  const contacts = useMemo(() => {
    const known = queryFn ? loaded : Object.keys(presence).map((id): ChatContact => ({ id }));
    return known?.map((contact) => ({ ...contact, status: presence[contact.id] ?? contact.status ?? 'offline' }));
  }, [loaded, presence, queryFn]);
  // The fields of a result stay what they are; only its data is richer.
  return { ...result, data: contacts } as UseQueryResult<readonly ChatContact[]>;
}
