import { Badge, Code, Paper, Table, Text } from '@mantine/core';
import type { NodeRow } from '../api.js';
import { bytes, count, duration, milliseconds } from '../format.js';

const COLOURS: Readonly<Record<string, string>> = {
  ok: 'teal',
  degraded: 'orange',
  starting: 'blue',
  draining: 'blue',
};

/** Every process that is alive, with its health and, where it is not well, why. */
export function NodeTable({ nodes }: { readonly nodes: readonly NodeRow[] }) {
  return (
    <Paper p="md" radius="md" withBorder>
      <Text fw={600} mb="xs" size="sm">
        Nodes
      </Text>
      <Table.ScrollContainer minWidth={760}>
        <Table aria-label="Nodes" verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Node</Table.Th>
              <Table.Th>Health</Table.Th>
              <Table.Th ta="right">Connections</Table.Th>
              <Table.Th ta="right">Memory</Table.Th>
              <Table.Th ta="right">Event loop p99</Table.Th>
              <Table.Th ta="right">Canary</Table.Th>
              <Table.Th ta="right">Up for</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {nodes.map(({ nodeId, host, pid, readiness, figures, startedAt, at }) => (
              <Table.Tr key={nodeId}>
                <Table.Td>
                  <Text size="sm">
                    {host} <Code>{pid}</Code>
                  </Text>
                  <Text c="dimmed" ff="monospace" size="xs">
                    {nodeId}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Badge color={COLOURS[readiness.status] ?? 'red'} variant="light">
                    {readiness.status}
                  </Badge>
                  {readiness.reason !== undefined && (
                    <Text c="dimmed" maw={320} size="xs">
                      {readiness.reason}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td ta="right">{count(figures.connections)}</Table.Td>
                <Table.Td ta="right">{bytes(figures.memoryBytes)}</Table.Td>
                <Table.Td ta="right">{milliseconds(figures.eventLoopP99Ms)}</Table.Td>
                <Table.Td ta="right">{duration(figures.canaryAgeSeconds * 1_000)}</Table.Td>
                <Table.Td ta="right">{duration(at - startedAt)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}
