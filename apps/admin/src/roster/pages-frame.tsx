import { Alert, Button, Group, Paper, Stack, Text, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Pages } from './use-pages.js';

/** What surrounds a paged list: its search, its pages, its troubles. */
export function PagesFrame<T>(props: {
  readonly pages: Pages<T>;
  readonly searchLabel: string;
  readonly nothing: string;
  readonly children: ReactNode;
}) {
  const { pages, searchLabel, nothing, children } = props;
  return (
    <Paper p="md" radius="md" withBorder>
      <Stack>
        <Group align="flex-end" justify="space-between">
          <TextInput
            label={searchLabel}
            miw={280}
            onChange={(event) => pages.setSearch(event.currentTarget.value)}
            placeholder="begins with …"
            value={pages.search}
          />
          <Group gap="xs">
            <Text c="dimmed" size="sm">
              Page {pages.page}
            </Text>
            <Button disabled={!pages.previous} onClick={pages.previous} size="xs" variant="default">
              Previous
            </Button>
            <Button disabled={!pages.next} onClick={pages.next} size="xs" variant="default">
              Next
            </Button>
            <Button loading={pages.isLoading} onClick={pages.reload} size="xs" variant="default">
              Reload
            </Button>
          </Group>
        </Group>
        {pages.trouble !== null && (
          <Alert color="red" role="alert" variant="light">
            {pages.trouble}
          </Alert>
        )}
        {children}
        {pages.items.length === 0 && !pages.isLoading && pages.trouble === null && (
          <Text c="dimmed" size="sm">
            {pages.search === '' ? nothing : 'Nothing begins so.'}
          </Text>
        )}
      </Stack>
    </Paper>
  );
}
