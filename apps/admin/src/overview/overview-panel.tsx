import { Alert, SimpleGrid, Stack } from '@mantine/core';
import { bytes, cores, count, milliseconds } from '../format.js';
import type { Watched } from '../use-overview.js';
import { FigureCard } from './figure-card.js';
import { HistoryChart } from './history-chart.js';
import { NodeTable } from './node-table.js';

/** The main figures now and over the last five minutes, and each node's health. */
export function OverviewPanel({ watched: { overview, samples, trouble } }: { readonly watched: Watched }) {
  const last = samples.at(-1);
  return (
    <Stack>
      {trouble !== null && (
        <Alert color="orange" role="alert" title="These figures are old" variant="light">
          {trouble} Trying again.
        </Alert>
      )}
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }}>
        <FigureCard label="Connections" value={count(overview.connections ?? last?.connections ?? 0)} />
        <FigureCard label="Publishes a second" value={last ? count(last.publishes) : '–'} />
        <FigureCard label="Deliveries a second" value={last ? count(last.deliveries) : '–'} />
        <FigureCard label="Ack, p99" value={milliseconds(last?.ackP99Ms ?? null)} />
        <FigureCard label="Delivery, p99" value={milliseconds(last?.deliveryP99Ms ?? null)} />
        <FigureCard label="Sent a second" value={last ? bytes(last.bytesOut) : '–'} />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>
        <HistoryChart
          format={count}
          samples={samples}
          series={[{ name: 'connections', label: 'Connections', color: 'blue.6' }]}
          title="Connections"
        />
        <HistoryChart
          format={count}
          samples={samples}
          series={[
            { name: 'deliveries', label: 'Deliveries', color: 'teal.6' },
            { name: 'publishes', label: 'Publishes', color: 'violet.6' },
          ]}
          title="Events a second"
        />
        <HistoryChart
          format={milliseconds}
          samples={samples}
          series={[
            { name: 'deliveryP99Ms', label: 'Delivery p99', color: 'orange.6' },
            { name: 'ackP99Ms', label: 'Ack p99', color: 'blue.6' },
            { name: 'eventLoopMs', label: 'Event loop p99', color: 'gray.6' },
          ]}
          title="Latency"
        />
        <HistoryChart
          format={bytes}
          samples={samples}
          series={[
            { name: 'bytesOut', label: 'Sent', color: 'teal.6' },
            { name: 'bytesIn', label: 'Received', color: 'blue.6' },
          ]}
          title="Bytes a second"
        />
        <HistoryChart
          format={count}
          samples={samples}
          series={[
            { name: 'gaps', label: 'Gaps', color: 'red.6' },
            { name: 'drops', label: 'Drops', color: 'orange.6' },
            { name: 'refusals', label: 'Refusals', color: 'grape.6' },
          ]}
          title="Trouble a second"
        />
        <HistoryChart
          format={cores}
          isFractional
          samples={samples}
          series={[{ name: 'cpu', label: 'Cores in use', color: 'indigo.6' }]}
          title="Processor"
        />
      </SimpleGrid>
      <NodeTable nodes={overview.nodes} />
    </Stack>
  );
}
