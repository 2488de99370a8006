import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Workload } from '../workloads/workload.js';
import type { Result } from './judge.js';

use([BarChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const COLOURS = ['#0f766e', '#94a3b8', '#f59e0b', '#64748b'];
const BACKGROUND = '#ffffff';

/** CPU per operation beside `ws`, which is 1; shorter is better. */
export function comparisonChart(workloads: readonly Workload[], results: readonly Result[]): string {
  const rows = workloads.flatMap((workload) => {
    const result = results.find(({ name }) => name === workload.name);
    const base = result?.figures.ws?.cpuMicros?.median;
    return result === undefined || base === undefined ? [] : [{ workload, result, base }];
  });
  const contenders = [...new Set(rows.flatMap(({ workload }) => workload.contenders))];
  return render(60 + rows.length * 80, {
    animation: false,
    backgroundColor: BACKGROUND,
    color: COLOURS,
    title: {
      text: 'Server CPU per operation, ws = 1 (shorter is better)',
      left: 'center',
      textStyle: { fontSize: 14 },
    },
    legend: { bottom: 0, data: contenders },
    grid: { left: 250, right: 60, top: 40, bottom: 50 },
    xAxis: { type: 'value' },
    yAxis: {
      type: 'category',
      inverse: true,
      data: rows.map(({ workload }) => workload.title),
      axisLabel: { width: 230, overflow: 'break' },
    },
    series: contenders.map((name) => ({
      name,
      type: 'bar',
      label: { show: true, position: 'right' },
      data: rows.map(({ result, base }) => {
        const median = result.figures[name]?.cpuMicros?.median;
        return median === undefined ? null : Number((median / base).toFixed(2));
      }),
    })),
  });
}

export interface Curve {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly lines: Readonly<Record<string, readonly (readonly [number, number])[]>>;
}

/** Cost as work grows, both axes logarithmic. */
export function curveChart({ title, xTitle, yTitle, lines }: Curve): string {
  return render(340, {
    animation: false,
    backgroundColor: BACKGROUND,
    color: COLOURS,
    title: { text: title, left: 'center', textStyle: { fontSize: 14 } },
    legend: { bottom: 0 },
    grid: { left: 80, right: 40, top: 50, bottom: 70 },
    xAxis: { type: 'log', name: xTitle, nameLocation: 'middle', nameGap: 26 },
    yAxis: { type: 'log', name: yTitle },
    series: Object.entries(lines).map(([name, data]) => ({ name, type: 'line', data })),
  });
}

function render(height: number, option: Parameters<ReturnType<typeof init>['setOption']>[0]): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 900, height });
  chart.setOption(option);
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}
