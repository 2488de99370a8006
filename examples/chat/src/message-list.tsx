import type { AppClient } from '@trunkline/react';
import { roomQueryOptions, useRealtimeQuery } from '@trunkline/react/query';
import { useEffect, useRef } from 'react';
import { ROOM } from './chat-client.js';
import { Message } from './message.js';
import { useDrafts } from './send-message.js';
import { useReading, useSeen } from './use-seen.js';

export function MessageList({ client, me }: { readonly client: AppClient; readonly me: string }) {
  const { data: events = [], isPending } = useRealtimeQuery(roomQueryOptions(client, ROOM, { limit: 200 }));
  const drafts = useDrafts().filter(({ draft }) => !events.some(({ ref }) => ref === draft.id));
  const mine = events.flatMap(({ from, offset = [] }) => (authorOf(from) === me ? offset : []));
  const seen = useSeen(me, mine);
  useReading(events.at(-1)?.offset);
  const end = useRef<HTMLLIElement>(null);
  const last = `${events.at(-1)?.id} ${drafts.length}`;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new message scrolls to the end
  useEffect(() => {
    end.current?.scrollIntoView({ block: 'end' });
  }, [last]);

  return (
    <ol className="messages" aria-label="Messages">
      {events.length + drafts.length === 0 && (
        <li className="empty">{isPending ? 'Loading…' : 'Nobody has said anything yet.'}</li>
      )}
      {events.map((event, index) => {
        const author = authorOf(event.from);
        const previous = events[index - 1];
        if (event.event !== 'message') return null;
        return (
          <Message
            key={event.ref ?? event.id}
            author={author}
            isMine={author === me}
            follows={previous !== undefined && authorOf(previous.from) === author}
            text={event.data.text}
            at={event.timestamp}
            note={event.offset === undefined ? '' : (seen.get(event.offset) ?? '')}
          />
        );
      })}
      {drafts.map(({ draft, hasFailed }) => (
        <Message
          key={draft.id}
          author={me}
          isMine
          follows
          text={draft.text}
          at={draft.writtenAt}
          note={hasFailed ? 'Not sent' : 'Waiting'}
        />
      ))}
      <li ref={end} />
    </ol>
  );
}

function authorOf(from: { readonly userId?: string; readonly service?: string }): string {
  return from.userId ?? from.service ?? '';
}
