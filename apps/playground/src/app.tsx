import {
  ActionIcon,
  AppShell,
  Burger,
  Divider,
  Group,
  ScrollArea,
  Tabs,
  Text,
  Title,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { TokenContext } from '@trunkline/client';
import { useRef, useState } from 'react';
import { ActionsPanel } from './actions/actions-panel.js';
import { ConnectionPanel } from './connection/connection-panel.js';
import { ExplainPanel } from './connection/explain-panel.js';
import { fetchTestToken } from './connection/fetch-token.js';
import { openSession, type Session } from './connection/session.js';
import { StateBadge } from './connection/state-badge.js';
import { FrameList } from './frames/frame-list.js';
import { createFrameLog } from './frames/frame-log.js';
import { RoomPanel } from './rooms/room-panel.js';
import { RoomsPanel } from './rooms/rooms-panel.js';
import { createStore, useStore } from './store.js';

const NOT_CONNECTED = createStore({ status: 'idle' } as const);
const NO_ROOMS = createStore([] as const);

/** Left: who one is and where. Middle: the room, actions, why. Right: the frames. */
export function App() {
  const [log] = useState(createFrameLog);
  const [session, setSession] = useState<Session | null>(null);
  const [active, setActive] = useState('');
  const token = useRef('');
  const [isOpen, menu] = useDisclosure();
  const state = useStore<ReturnType<Session['state']['get']>>(session?.state ?? NOT_CONNECTED);
  const rooms = useStore<ReturnType<Session['rooms']['get']>>(session?.rooms ?? NO_ROOMS);
  const room = rooms.find((one) => one.room.name === active) ?? rooms.at(-1);
  const userId = state.status === 'open' ? state.userId : session?.client.userId;

  function connect(as: string, isOffered: boolean): void {
    void session?.close();
    token.current = as;
    setSession(openSession(isOffered ? offeredToken : as, log));
  }
  /** A development server makes its key anew at each start: the token of the one before is refused. */
  async function offeredToken({ signal }: TokenContext): Promise<string> {
    const fresh = (await fetchTestToken(signal)) ?? '';
    token.current = fresh;
    return fresh;
  }

  return (
    <AppShell
      aside={{ width: 400, breakpoint: 'lg', collapsed: { mobile: true } }}
      header={{ height: 52 }}
      navbar={{ width: 300, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding="md"
    >
      <AppShell.Header>
        <Group h="100%" justify="space-between" px="md" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger aria-label="Connection and rooms" hiddenFrom="sm" onClick={menu.toggle} opened={isOpen} size="sm" />
            <Title fz={{ base: 'md', sm: 'lg' }} order={1} style={{ whiteSpace: 'nowrap' }}>
              Trunkline
              <Text inherit span visibleFrom="xs">
                {' '}
                playground
              </Text>
            </Title>
          </Group>
          <Group gap="sm" wrap="nowrap">
            <Text c="dimmed" size="sm" visibleFrom="sm">
              {userId}
            </Text>
            <StateBadge status={state.status} />
            <SchemeButton />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar>
        <ScrollArea p="md" type="auto">
          <ConnectionPanel
            isConnected={state.status !== 'idle' && state.status !== 'closed'}
            onConnect={connect}
            onDisconnect={() => void session?.close()}
            onReconnect={() => void session?.client.reconnect().catch(() => undefined)}
          />
          <Divider my="sm" />
          {session ? (
            <RoomsPanel active={room?.room.name ?? ''} onActivate={setActive} session={session} />
          ) : (
            <Text c="dimmed" size="sm">
              Connect to join rooms.
            </Text>
          )}
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main>
        <Tabs defaultValue="room">
          <Tabs.List mb="md">
            <Tabs.Tab value="room">Room</Tabs.Tab>
            <Tabs.Tab value="actions">Actions</Tabs.Tab>
            <Tabs.Tab value="explain">Explain</Tabs.Tab>
            <Tabs.Tab hiddenFrom="lg" value="frames">
              Frames
            </Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="room">
            {room ? (
              <RoomPanel key={room.room.name} session={room} userId={userId} />
            ) : (
              <Text c="dimmed">Connect, join a room, then open a second tab and talk to yourself.</Text>
            )}
          </Tabs.Panel>
          <Tabs.Panel value="actions">
            <ActionsPanel session={session} token={token.current} />
          </Tabs.Panel>
          <Tabs.Panel value="explain">
            {session ? <ExplainPanel session={session} /> : <Text c="dimmed">Nothing happened yet.</Text>}
          </Tabs.Panel>
          <Tabs.Panel h="calc(100dvh - 150px)" hiddenFrom="lg" value="frames">
            <FrameList log={log} />
          </Tabs.Panel>
        </Tabs>
      </AppShell.Main>
      <AppShell.Aside p="md">
        <FrameList log={log} />
      </AppShell.Aside>
    </AppShell>
  );
}

function SchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'dark' ? 'light' : 'dark';
  return (
    <ActionIcon aria-label={`Use ${other} colours`} onClick={() => setColorScheme(other)} size="lg" variant="default">
      {scheme === 'dark' ? '☀' : '☾'}
    </ActionIcon>
  );
}
