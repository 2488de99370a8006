import { type Client, createClient } from '@trunkline/client';
import { localStorageQueue } from '@trunkline/client/local-storage';
import type { ChatContract } from '../server/contract.js';

declare module '@trunkline/react' {
  interface Register {
    readonly contract: ChatContract;
  }
}

export const ROOM = 'chat:main';

/** What is written offline is kept in `localStorage`, and goes out after a reload too. */
export function createChatClient(name: string): Client<ChatContract> {
  return createClient<ChatContract>({
    url: `${location.origin.replace(/^http/, 'ws')}/v1/connect`,
    token: ({ signal }) => fetchToken(name, signal),
    backoff: { capMs: 5_000 },
    queue: { storage: localStorageQueue({ name: 'chat' }) },
  });
}

async function fetchToken(name: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(`/session?name=${encodeURIComponent(name)}`, { method: 'POST', signal });
  if (!response.ok) throw new Error(`No session: ${response.status}`);
  return await response.text();
}
