import { Anchor, Badge, Button, Group, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { disconnect, getConnections, type NodeRow } from '../api.js';
import { Confirm, type Question } from '../confirm.js';
import { duration } from '../format.js';
import { PagesFrame } from './pages-frame.js';
import { usePages } from './use-pages.js';

const SHOWN_ROOMS = 3;

export function ConnectionsPanel(props: {
  readonly nodes: readonly NodeRow[];
  readonly onRoom: (room: string) => void;
}) {
  const pages = usePages(getConnections);
  const [question, setQuestion] = useState<Question | null>(null);
  const hosts = new Map(props.nodes.map(({ nodeId, host, pid }) => [nodeId, `${host} ${pid}`]));

  function ask(userId: string): void {
    setQuestion({
      title: `Disconnect ${userId}?`,
      text: 'Every connection of this user on every node is closed, and its clients do not come back by themselves. To keep the user out, revoke the tokens as well.',
      verb: 'Disconnect',
      act: async () => {
        await disconnect(userId);
        pages.reload();
      },
    });
  }

  return (
    <PagesFrame nothing="Nobody is connected." pages={pages} searchLabel="User">
      <Table.ScrollContainer minWidth={800}>
        <Table aria-label="Connections" highlightOnHover verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>User</Table.Th>
              <Table.Th>Wire format</Table.Th>
              <Table.Th>Node</Table.Th>
              <Table.Th>Connected for</Table.Th>
              <Table.Th>Rooms</Table.Th>
              <Table.Th />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {pages.items.map(({ connectionId, userId, dialect, nodeId, connectedAt, rooms }) => (
              <Table.Tr key={connectionId}>
                <Table.Td>
                  <Text size="sm">{userId}</Text>
                  <Text c="dimmed" ff="monospace" size="xs">
                    {connectionId}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Badge color="gray" variant="light">
                    {dialect}
                  </Badge>
                </Table.Td>
                <Table.Td>{hosts.get(nodeId) ?? nodeId}</Table.Td>
                <Table.Td>{duration(Date.now() - connectedAt)}</Table.Td>
                <Table.Td>
                  <Group gap="xs">
                    {rooms.slice(0, SHOWN_ROOMS).map((room) => (
                      <Anchor component="button" key={room} onClick={() => props.onRoom(room)} size="sm">
                        {room}
                      </Anchor>
                    ))}
                    {rooms.length > SHOWN_ROOMS && (
                      <Text c="dimmed" size="sm">
                        and {rooms.length - SHOWN_ROOMS} more
                      </Text>
                    )}
                  </Group>
                </Table.Td>
                <Table.Td ta="right">
                  <Button
                    aria-label={`Disconnect ${userId}`}
                    color="red"
                    onClick={() => ask(userId)}
                    size="compact-xs"
                    variant="light"
                  >
                    Disconnect …
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Confirm onClose={() => setQuestion(null)} question={question} />
    </PagesFrame>
  );
}
