import { List, Paper, ScrollArea, Select, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useStore } from '../store.js';
import type { RoomSession } from './room-session.js';

const STATES = ['online', 'away', 'busy'];

/** Who is in the room, and one's own status there. */
export function PresenceList({
  session,
  userId,
}: {
  readonly session: RoomSession;
  readonly userId: string | undefined;
}) {
  const members = useStore(session.members);
  const [status, setStatus] = useState<string | null>(null);
  return (
    <Paper h={302} p="xs" withBorder>
      <Stack gap="xs" h="100%">
        <Title order={3} size="h6">
          Present: {members.length}
        </Title>
        <ScrollArea flex={1} type="auto">
          <List aria-label="Present" listStyleType="none" size="sm">
            {members.map(({ userId: id, connectionIds, state }) => (
              <List.Item key={id}>
                {id === userId ? `${id} (you)` : id}
                <Text c="dimmed" component="span" size="xs">
                  {connectionIds.length > 1 && ` ×${connectionIds.length}`}
                  {state !== null && ` ${statusOf(state)}`}
                </Text>
              </List.Item>
            ))}
          </List>
        </ScrollArea>
        <Select
          clearable
          data={STATES}
          label="My status here"
          onChange={(next) => {
            setStatus(next);
            session.room.presence.set(next === null ? null : { status: next });
          }}
          placeholder="none"
          size="xs"
          value={status}
        />
      </Stack>
    </Paper>
  );
}

function statusOf(state: unknown): string {
  const status: unknown = typeof state === 'object' && state !== null ? Reflect.get(state, 'status') : undefined;
  return typeof status === 'string' ? status : JSON.stringify(state);
}
