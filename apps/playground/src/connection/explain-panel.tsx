import { Button, Code, Group, Stack, Table, Text, Title } from '@mantine/core';
import type { Explanation } from '@trunkline/client';
import { useEffect, useState } from 'react';
import { time } from '../time.js';
import type { Session } from './session.js';

/** `client.explain()`: what happened to the connection and why. */
export function ExplainPanel({ session }: { readonly session: Session }) {
  const [explanation, setExplanation] = useState<Explanation>(() => session.client.explain());
  useEffect(() => {
    const update = () => setExplanation(session.client.explain());
    update();
    return session.state.subscribe(update);
  }, [session]);
  const { state, nextAttemptAt, queue, rooms, timeline } = explanation;

  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Text size="sm">
          The connection is <b>{state.status}</b>
          {'cause' in state && `: ${state.cause.reason || 'no reason given'} (${state.cause.code})`}
          {nextAttemptAt !== undefined && `; next try at ${time(nextAttemptAt)}`}. {queue.length} waiting to be sent.
        </Text>
        <Button onClick={() => setExplanation(session.client.explain())} size="compact-sm" variant="default">
          Look again
        </Button>
      </Group>
      <Title order={3} size="h5">
        Rooms
      </Title>
      <Table.ScrollContainer minWidth={480} type="native">
        <Table aria-label="Rooms and their positions">
          <Table.Tbody>
            {rooms.map(({ room, status, position }) => (
              <Table.Tr key={room}>
                <Table.Td>{room}</Table.Td>
                <Table.Td>{status}</Table.Td>
                <Table.Td>{position && `offset ${position.offset}, epoch ${position.epoch}`}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Title order={3} size="h5">
        Timeline
      </Title>
      <Table.ScrollContainer minWidth={480} type="native">
        <Table aria-label="Timeline" layout="fixed">
          <Table.Tbody>
            {timeline.toReversed().map(({ at, what, detail }) => (
              <Table.Tr key={`${at} ${what} ${JSON.stringify(detail)}`}>
                <Table.Td w={100}>{time(at)}</Table.Td>
                <Table.Td w={140}>{what}</Table.Td>
                <Table.Td>
                  {detail && <Code style={{ overflowWrap: 'anywhere' }}>{JSON.stringify(detail)}</Code>}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
