import { Paper, Text } from '@mantine/core';

export function FigureCard({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <Paper p="md" radius="md" withBorder>
      <Text c="dimmed" size="xs">
        {label}
      </Text>
      <Text aria-label={label} fw={600} size="xl" style={{ fontVariantNumeric: 'tabular-nums' }}>
        {value}
      </Text>
    </Paper>
  );
}
