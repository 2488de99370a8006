import { Badge } from '@mantine/core';
import type { Status } from '@trunkline/client';

const COLORS: Readonly<Record<Status, string>> = {
  idle: 'gray',
  connecting: 'yellow',
  authenticating: 'yellow',
  open: 'teal',
  waiting: 'orange',
  closed: 'red',
};

export function StateBadge({ status }: { readonly status: Status }) {
  return (
    <Badge
      aria-label="Connection state"
      color={COLORS[status]}
      miw={{ base: 84, sm: 130 }}
      role="status"
      variant="light"
    >
      {status}
    </Badge>
  );
}
