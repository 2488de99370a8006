import { Badge, Button, Grid, Group, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useStore } from '../store.js';
import { EntryList } from './entry-list.js';
import { PresenceList } from './presence-list.js';
import { PublishForm } from './publish-form.js';
import { explainError, type RoomSession } from './room-session.js';

export interface RoomPanelProps {
  readonly session: RoomSession;
  /** Whose messages are "you". */
  readonly userId: string | undefined;
}

/** One room: what came, who is there, and a form to publish. */
export function RoomPanel({ session, userId }: RoomPanelProps) {
  const status = useStore(session.status);
  const typists = useStore(session.typists);
  const [note, setNote] = useState('');

  async function loadOlder(): Promise<void> {
    try {
      setNote((await session.loadOlder()) ? '' : 'That was all the room keeps.');
    } catch (error) {
      setNote(explainError(error));
    }
  }

  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Group gap="xs">
          <Title order={2} size="h4">
            {session.room.name}
          </Title>
          <Badge color={status === 'joined' ? 'teal' : 'gray'} variant="light">
            {status}
          </Badge>
        </Group>
        <Group gap="xs">
          <Text aria-live="polite" c="dimmed" size="xs">
            {note}
          </Text>
          <Button onClick={() => void loadOlder()} size="compact-sm" variant="default">
            Load history
          </Button>
        </Group>
      </Group>
      <Grid>
        <Grid.Col span={{ base: 12, sm: 8 }}>
          <EntryList session={session} userId={userId} />
          <Text aria-live="polite" c="dimmed" mih={20} mt={4} size="xs">
            {typists.length > 0 && `${typists.join(', ')} ${typists.length === 1 ? 'is' : 'are'} typing …`}
          </Text>
        </Grid.Col>
        <Grid.Col span={{ base: 12, sm: 4 }}>
          <PresenceList session={session} userId={userId} />
        </Grid.Col>
      </Grid>
      <PublishForm session={session} />
    </Stack>
  );
}
