import { Badge, Box, Code, Group, Paper, ScrollArea, Text } from '@mantine/core';
import { useFollowEnd } from '../follow-end.js';
import { useStore } from '../store.js';
import { time } from '../time.js';
import type { RoomEntry, RoomSession } from './room-session.js';

type EventEntry = Extract<RoomEntry, { kind: 'event' }>;

export function EntryList({ session, userId }: { readonly session: RoomSession; readonly userId: string | undefined }) {
  const entries = useStore(session.entries);
  const viewport = useFollowEnd(entries);
  return (
    <Paper withBorder>
      <ScrollArea aria-label="Events" h={300} role="log" tabIndex={0} type="auto" viewportRef={viewport}>
        <Box p="xs">
          {entries.map((entry) =>
            entry.kind === 'note' ? (
              <Text c="dimmed" fs="italic" key={entry.key} py={2} size="xs">
                {entry.text}
              </Text>
            ) : (
              <EventRow event={entry.event} key={entry.key} userId={userId} />
            ),
          )}
        </Box>
      </ScrollArea>
    </Paper>
  );
}

function EventRow({ event, userId }: { readonly event: EventEntry['event']; readonly userId: string | undefined }) {
  const sender = 'service' in event.from ? event.from.service : event.from.userId;
  return (
    <Box py={4}>
      <Group gap={6}>
        <Text fw={600} size="sm">
          {sender === userId ? `${sender} (you)` : sender}
        </Text>
        <Text c="dimmed" size="xs">
          {time(event.timestamp)} {event.event}
          {event.offset !== undefined && ` #${event.offset}`}
        </Text>
        {event.provisional && (
          <Badge color="orange" size="xs" variant="light">
            not kept yet
          </Badge>
        )}
      </Group>
      <EventData data={event.data} />
    </Box>
  );
}

/** A text as text, everything else as JSON. */
function EventData({ data }: { readonly data: unknown }) {
  const text = onlyText(data);
  return text === undefined ? (
    <Code block fz="xs">
      {JSON.stringify(data, null, 2)}
    </Code>
  ) : (
    <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
      {text}
    </Text>
  );
}

function onlyText(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null || Object.keys(data).length !== 1) return undefined;
  const text: unknown = Reflect.get(data, 'text');
  return typeof text === 'string' ? text : undefined;
}
