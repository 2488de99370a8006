import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';

export function SchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'dark' ? 'light' : 'dark';
  return (
    <ActionIcon aria-label={`Use ${other} colours`} onClick={() => setColorScheme(other)} size="lg" variant="default">
      {scheme === 'dark' ? '☀' : '☾'}
    </ActionIcon>
  );
}
