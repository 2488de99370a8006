import { type MutationState, useMutation, useMutationState } from '@tanstack/react-query';
import { useQueue, useRoom } from '@trunkline/react';
import { ROOM } from './chat-client.js';

export interface Draft {
  /** The publish id: the event comes back with it as `ref`. */
  readonly id: string;
  readonly text: string;
  readonly writtenAt: number;
}

const KEY = ['send'];

export function newDraft(text: string): Draft {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { id, text, writtenAt: Date.now() };
}

/** Resolves when the log holds it, however long that takes. */
export function useSendMessage() {
  const { publish } = useRoom(ROOM);
  return useMutation({
    mutationKey: KEY,
    mutationFn: ({ id, text }: Draft) => publish('message', { text }, { id }),
    networkMode: 'always',
  });
}

/** What waits or is under way, also from before a reload; then what failed. */
export function useDrafts(): readonly { readonly draft: Draft; readonly hasFailed: boolean }[] {
  const waiting = useQueue().flatMap(({ id, rooms, event, data, createdAt }) =>
    rooms.includes(ROOM) && event === 'message'
      ? { draft: { id, text: (data as { text: string }).text, writtenAt: createdAt }, hasFailed: false }
      : [],
  );
  const failed = useMutationState({
    filters: { mutationKey: KEY, status: 'error' },
    select: ({ state }) => (state as MutationState<unknown, Error, Draft>).variables,
  });
  return [...waiting, ...failed.flatMap((draft) => (draft ? { draft, hasFailed: true } : []))];
}
