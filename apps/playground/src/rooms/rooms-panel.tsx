import { Autocomplete, Button, CloseButton, Group, NavLink, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { Session } from '../connection/session.js';
import { contract } from '../contract.js';
import { useStore } from '../store.js';
import { explainError, type RoomSession } from './room-session.js';

export interface RoomsPanelProps {
  readonly session: Session;
  readonly active: string;
  readonly onActivate: (room: string) => void;
}

const KINDS = Object.keys(contract.rooms);

/** Joins rooms, shows which, and chooses the one to look at. */
export function RoomsPanel({ session, active, onActivate }: RoomsPanelProps) {
  const rooms = useStore(session.rooms);
  const [name, setName] = useState('lobby:main');
  const [flaw, setFlaw] = useState('');
  const [kind = '', id] = name.split(/:(.*)/s);

  function join(): void {
    try {
      onActivate(session.join(name.trim()).room.name);
      setFlaw('');
    } catch (error) {
      setFlaw(explainError(error));
    }
  }

  return (
    <Stack aria-label="Rooms" component="section" gap="xs">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          join();
        }}
      >
        <Group align="end" gap="xs" wrap="nowrap">
          <Autocomplete
            data={id === undefined ? KINDS.map((known) => `${known}:`) : []}
            flex={1}
            label="Room"
            onChange={setName}
            placeholder="kind:id"
            spellCheck={false}
            value={name}
          />
          <Button type="submit">Join</Button>
        </Group>
      </form>
      <Text aria-live="polite" c={flaw ? 'red' : 'dimmed'} mih={36} size="xs">
        {flaw || whoMayJoin(kind)}
      </Text>
      {rooms.map((room) => (
        <RoomLink
          isActive={room.room.name === active}
          key={room.room.name}
          onActivate={() => onActivate(room.room.name)}
          onLeave={() => void session.leave(room.room.name).catch(() => undefined)}
          room={room}
        />
      ))}
    </Stack>
  );
}

interface RoomLinkProps {
  readonly room: RoomSession;
  readonly isActive: boolean;
  readonly onActivate: () => void;
  readonly onLeave: () => void;
}

function RoomLink({ room, isActive, onActivate, onLeave }: RoomLinkProps) {
  const { name } = room.room;
  const status = useStore(room.status);
  return (
    <Group gap={4} wrap="nowrap">
      <NavLink
        active={isActive}
        aria-current={isActive}
        component="button"
        description={status}
        label={name}
        onClick={onActivate}
        type="button"
      />
      <CloseButton aria-label={`Leave ${name}`} onClick={onLeave} />
    </Group>
  );
}

function whoMayJoin(kind: string): string {
  const rules = contract.rooms[kind]?.join;
  if (!rules) return `Kinds: ${KINDS.join(', ')}`;
  return `Joins: ${rules.map((rule) => rule.replace(':', ' ')).join(', ')}`;
}
