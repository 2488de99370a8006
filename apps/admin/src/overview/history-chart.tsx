import { AreaChart } from '@mantine/charts';
import { Paper, Text } from '@mantine/core';
import { time } from '../format.js';
import type { Sample } from '../samples.js';

export interface HistoryChartProps {
  readonly title: string;
  readonly samples: readonly Sample[];
  readonly series: readonly { readonly name: keyof Sample; readonly label: string; readonly color: string }[];
  readonly format: (value: number) => string;
  /** The unit has parts worth a mark: cores. */
  readonly isFractional?: boolean;
}

/** The last minutes of a few figures that share a unit. */
export function HistoryChart({ title, samples, series, format, isFractional = false }: HistoryChartProps) {
  return (
    <Paper aria-label={title} component="section" p="md" radius="md" withBorder>
      <Text fw={600} mb="xs" size="sm">
        {title}
      </Text>
      {samples.length < 2 ? (
        <Text c="dimmed" h={190} size="sm">
          Collecting …
        </Text>
      ) : (
        <AreaChart
          areaProps={{ isAnimationActive: false }}
          areaChartProps={{ margin: { top: 10 } }}
          connectNulls
          curveType="monotone"
          data={samples.map((sample) => ({ ...sample, time: time(sample.at) }))}
          dataKey="time"
          fillOpacity={0.15}
          h={190}
          legendProps={{ verticalAlign: 'bottom', height: 28 }}
          series={series.map(({ name, label, color }) => ({ name, label, color }))}
          strokeWidth={1.5}
          tickLine="none"
          valueFormatter={format}
          withDots={false}
          withLegend
          xAxisProps={{ minTickGap: 60 }}
          yAxisProps={{ width: 64, domain: [0, 'auto'], allowDecimals: isFractional }}
        />
      )}
    </Paper>
  );
}
