import {
  ActionIcon,
  Badge,
  Code,
  Group,
  ScrollArea,
  Stack,
  Switch,
  Text,
  TextInput,
  UnstyledButton,
} from '@mantine/core';
import { useState } from 'react';
import { useFollowEnd } from '../follow-end.js';
import { useStore } from '../store.js';
import { time } from '../time.js';
import type { FrameDirection, FrameLog, LoggedFrame } from './frame-log.js';

const LOOKS: Readonly<Record<FrameDirection, { sign: string; label: string; color: string }>> = {
  sent: { sign: '↑', label: 'sent', color: 'blue' },
  received: { sign: '↓', label: 'received', color: 'teal' },
  note: { sign: '·', label: 'note', color: 'gray' },
};

/** Every frame, both ways; one opens by a click or Enter. */
export function FrameList({ log }: { readonly log: FrameLog }) {
  const frames = useStore(log.frames);
  const [filter, setFilter] = useState('');
  const [showsPings, setShowsPings] = useState(false);
  const [openKeys, setOpenKeys] = useState<ReadonlySet<number>>(new Set());
  const viewport = useFollowEnd(frames);
  const shown = frames.filter(
    ({ type, text }) =>
      (showsPings || (type !== 'ping' && type !== 'pong')) &&
      `${type} ${text}`.toLowerCase().includes(filter.toLowerCase()),
  );

  function toggle(key: number): void {
    const next = new Set(openKeys);
    if (!next.delete(key)) next.add(key);
    setOpenKeys(next);
  }

  return (
    <Stack component="section" aria-label="Frames" gap="xs" h="100%" mih={0}>
      <Group gap="xs" wrap="nowrap">
        <TextInput
          aria-label="Show frames that contain"
          flex={1}
          onChange={(event) => setFilter(event.currentTarget.value)}
          placeholder="Filter frames"
          size="xs"
          value={filter}
        />
        <Switch
          checked={showsPings}
          label="Pings"
          onChange={(event) => setShowsPings(event.currentTarget.checked)}
          size="xs"
        />
        <ActionIcon aria-label="Clear frames" onClick={() => log.frames.set([])} variant="default">
          ✕
        </ActionIcon>
      </Group>
      <ScrollArea flex={1} mih={0} type="auto" viewportRef={viewport}>
        {shown.length === 0 && (
          <Text c="dimmed" size="sm">
            Frames appear here, both ways.
          </Text>
        )}
        {shown.map((frame) => (
          <FrameRow frame={frame} isOpen={openKeys.has(frame.key)} key={frame.key} onToggle={() => toggle(frame.key)} />
        ))}
      </ScrollArea>
    </Stack>
  );
}

interface FrameRowProps {
  readonly frame: LoggedFrame;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

function FrameRow({ frame, isOpen, onToggle }: FrameRowProps) {
  const { sign, label, color } = LOOKS[frame.direction];
  if (frame.direction === 'note')
    return (
      <Text c="dimmed" px={4} py={2} size="xs">
        {time(frame.at)} {frame.type}
      </Text>
    );
  return (
    <div>
      <UnstyledButton aria-expanded={isOpen} onClick={onToggle} px={4} py={2} w="100%">
        <Group gap={6} wrap="nowrap">
          <Badge
            aria-label={`${label} ${frame.type}`}
            color={frame.type === 'error' ? 'red' : color}
            flex="none"
            radius="sm"
            size="sm"
            tt="none"
            variant="light"
          >
            {sign} {frame.type}
          </Badge>
          <Text c="dimmed" ff="monospace" size="xs" truncate="end">
            {summary(frame)}
          </Text>
        </Group>
      </UnstyledButton>
      {isOpen && (
        <Code block fz="xs" mb={4}>
          {frame.text}
        </Code>
      )}
    </div>
  );
}

/** The frame on one line, without what the row tells already and the id, which only the open frame needs. */
function summary({ text }: LoggedFrame): string {
  return text.replace(/\s*\n\s*/g, ' ').replace(/^\{ ("(type|id)": "[^"]*",? ?)*/, '{ ');
}
