import { AppShell, Badge, Button, Group, Tabs, Text, Title } from '@mantine/core';
import { useHash } from '@mantine/hooks';
import { useCallback, useState } from 'react';
import { signOut } from './api.js';
import { Broadcast } from './broadcast.js';
import { OverviewPanel } from './overview/overview-panel.js';
import { ConnectionsPanel } from './roster/connections-panel.js';
import { RoomsPanel } from './roster/rooms-panel.js';
import { SchemeButton } from './scheme-button.js';
import { SignIn } from './sign-in.js';
import { RoomTail } from './tail/room-tail.js';
import { useOverview } from './use-overview.js';

/** The dashboard, or the way in. */
export function App() {
  // Whether the cookie is good, only the server knows: the first answer tells.
  const [isSignedIn, setSignedIn] = useState(true);
  const onSignedOut = useCallback(() => setSignedIn(false), []);
  return isSignedIn ? <Dashboard onSignedOut={onSignedOut} /> : <SignIn onSignedIn={() => setSignedIn(true)} />;
}

function Dashboard({ onSignedOut }: { readonly onSignedOut: () => void }) {
  const watched = useOverview(onSignedOut);
  const [hash, setHash] = useHash({ getInitialValueInEffect: false });
  const [tab = 'overview', room] = hash.replace(/^#/, '').split('/').map(decoded);
  if (!watched) return null;
  const { nodes, userId } = watched.overview;
  const ready = nodes.filter(({ readiness }) => readiness.ready).length;
  const isWell = nodes.every(({ readiness }) => readiness.status === 'ok');
  const isOld = watched.trouble !== null;

  return (
    <AppShell header={{ height: 56 }} padding="md">
      <AppShell.Header>
        <Group h="100%" justify="space-between" px="md" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Title order={1} size="h4" visibleFrom="xs">
              Trunkline
            </Title>
            <Badge
              color={isOld ? 'gray' : isWell ? 'teal' : ready === 0 ? 'red' : 'orange'}
              role="status"
              tt="none"
              variant="light"
            >
              {isOld
                ? 'Figures are old'
                : isWell
                  ? `${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'} well`
                  : `${ready} of ${nodes.length} ready`}
            </Badge>
          </Group>
          <Group gap="sm" wrap="nowrap">
            <Text c="dimmed" size="sm" visibleFrom="sm">
              {userId}
            </Text>
            <SchemeButton />
            <Button onClick={() => void signOut().finally(onSignedOut)} size="sm" variant="default">
              Sign out
            </Button>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Main>
        <Tabs keepMounted={false} onChange={(next) => setHash(next ?? '')} value={tab || 'overview'}>
          <Tabs.List mb="md">
            <Tabs.Tab value="overview">Overview</Tabs.Tab>
            <Tabs.Tab value="connections">Connections</Tabs.Tab>
            <Tabs.Tab value="rooms">Rooms</Tabs.Tab>
            <Tabs.Tab value="broadcast">Broadcast</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="overview">
            <OverviewPanel watched={watched} />
          </Tabs.Panel>
          <Tabs.Panel value="connections">
            <ConnectionsPanel nodes={nodes} onRoom={(name) => setHash(`rooms/${encodeURIComponent(name)}`)} />
          </Tabs.Panel>
          <Tabs.Panel value="rooms">
            {room ? (
              <RoomTail key={room} onBack={() => setHash('rooms')} room={room} />
            ) : (
              <RoomsPanel onRoom={(name) => setHash(`rooms/${encodeURIComponent(name)}`)} />
            )}
          </Tabs.Panel>
          <Tabs.Panel value="broadcast">
            <Broadcast connections={watched.overview.connections} />
          </Tabs.Panel>
        </Tabs>
      </AppShell.Main>
    </AppShell>
  );
}

/** An address may be typed by hand, or cut off in a chat. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
