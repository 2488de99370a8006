import { Badge, Button, Code, Grid, Group, Paper, ScrollArea, Stack, Table, Text, Title } from '@mantine/core';
import { useEffect, useState } from 'react';
import { time } from '../format.js';
import { EMPTY_TAIL, type Tail, type TailEntry, watchRoom } from './watch-room.js';

/** A room as it happens: the newest event on top, with its place in the log, and who is there. */
export function RoomTail({ room, onBack }: { readonly room: string; readonly onBack: () => void }) {
  const [tail, setTail] = useState<Tail>(EMPTY_TAIL);
  useEffect(() => watchRoom(room, setTail), [room]);
  return (
    <Stack>
      <Group justify="space-between">
        <Group>
          <Button onClick={onBack} size="xs" variant="default">
            Back to rooms
          </Button>
          <Title order={2} size="h4">
            {room}
          </Title>
          <Badge color={tail.status === 'open' ? 'teal' : 'orange'} variant="light">
            {tail.status === 'open' ? 'live' : tail.status}
          </Badge>
        </Group>
        {tail.position !== null && (
          <Text c="dimmed" size="sm">
            Position <Code>{tail.position}</Code>
          </Text>
        )}
      </Group>
      <Grid>
        <Grid.Col span={{ base: 12, md: 9 }}>
          <Paper p="md" radius="md" withBorder>
            <ScrollArea h="calc(100dvh - 230px)" type="auto">
              <Table aria-label="Events" layout="fixed" stickyHeader verticalSpacing={6}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th ta="right" w={80}>
                      Offset
                    </Table.Th>
                    <Table.Th w={90}>Time</Table.Th>
                    <Table.Th w={160}>Event</Table.Th>
                    <Table.Th w={150}>From</Table.Th>
                    <Table.Th>Data</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {[...tail.entries].reverse().map((entry) => (
                    <EntryRow entry={entry} key={entry.key} />
                  ))}
                </Table.Tbody>
              </Table>
              {tail.entries.length === 0 && (
                <Text c="dimmed" p="md" size="sm">
                  Nothing happened here yet.
                </Text>
              )}
            </ScrollArea>
          </Paper>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 3 }}>
          <Paper p="md" radius="md" withBorder>
            <Text fw={600} mb="xs" size="sm">
              Present: {tail.members.length}
            </Text>
            <ScrollArea.Autosize mah="calc(100dvh - 280px)" type="auto">
              <Stack aria-label="Present" gap="xs" role="list">
                {tail.members.slice(0, 500).map(({ userId, connectionIds }) => (
                  <Group gap="xs" key={userId} role="listitem">
                    <Text size="sm" truncate>
                      {userId}
                    </Text>
                    {connectionIds.length > 1 && (
                      <Badge color="gray" size="sm" variant="light">
                        {connectionIds.length}
                      </Badge>
                    )}
                  </Group>
                ))}
              </Stack>
            </ScrollArea.Autosize>
            <Text c="dimmed" mt="md" size="xs">
              You count as a member while you look.
            </Text>
          </Paper>
        </Grid.Col>
      </Grid>
    </Stack>
  );
}

function EntryRow({ entry }: { readonly entry: TailEntry }) {
  if (entry.kind === 'note')
    return (
      <Table.Tr>
        <Table.Td colSpan={5}>
          <Text c="orange" size="sm">
            {entry.text}
          </Text>
        </Table.Td>
      </Table.Tr>
    );
  const { offset, timestamp, event, from, data } = entry.event;
  return (
    <Table.Tr>
      <Table.Td style={{ fontVariantNumeric: 'tabular-nums' }} ta="right">
        {offset ?? '–'}
      </Table.Td>
      <Table.Td>{time(timestamp)}</Table.Td>
      <Table.Td>
        <Badge color={offset === undefined ? 'gray' : 'blue'} tt="none" variant="light">
          {event}
        </Badge>
      </Table.Td>
      <Table.Td>
        <Text size="sm" truncate>
          {'service' in from ? from.service : from.userId}
        </Text>
      </Table.Td>
      <Table.Td>
        <Text ff="monospace" size="xs" style={{ overflowWrap: 'anywhere' }}>
          {JSON.stringify(data)}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}
