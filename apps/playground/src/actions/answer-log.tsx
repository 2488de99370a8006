import { Badge, Code, Group, Paper, ScrollArea, Stack, Text } from '@mantine/core';
import { useRef, useState } from 'react';
import { useFollowEnd } from '../follow-end.js';
import { appended } from '../store.js';
import { time } from '../time.js';

export type AnswerKind = 'note' | 'sent' | 'response' | 'update' | 'error';

interface Answer {
  readonly key: number;
  readonly at: number;
  readonly kind: AnswerKind;
  readonly text: string;
}

const CAPACITY = 200;
const COLORS: Readonly<Record<AnswerKind, string>> = {
  note: 'gray',
  sent: 'blue',
  response: 'teal',
  update: 'grape',
  error: 'red',
};

export function useAnswers() {
  const [answers, setAnswers] = useState<readonly Answer[]>([]);
  const count = useRef(0);
  function add(kind: AnswerKind, content: unknown): void {
    count.current += 1;
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
    const answer = { key: count.current, at: Date.now(), kind, text };
    setAnswers((known) => appended(known, answer, CAPACITY));
  }
  return { answers, add };
}

export function AnswerLog({ answers }: { readonly answers: readonly Answer[] }) {
  const viewport = useFollowEnd(answers);
  return (
    <Paper withBorder>
      <ScrollArea aria-label="Answers" h={260} role="log" tabIndex={0} type="auto" viewportRef={viewport}>
        <Stack gap={6} p="xs">
          {answers.length === 0 && (
            <Text c="dimmed" size="sm">
              Responses, updates and errors appear here.
            </Text>
          )}
          {answers.map(({ key, at, kind, text }) => (
            <Group align="start" gap="xs" key={key} wrap="nowrap">
              <Badge color={COLORS[kind]} miw={84} mt={2} radius="sm" variant="light">
                {kind}
              </Badge>
              {text.includes('\n') ? (
                <Code block flex={1} fz="xs">
                  {text}
                </Code>
              ) : (
                <Text flex={1} size="sm" style={{ overflowWrap: 'anywhere' }}>
                  {text}
                </Text>
              )}
              <Text c="dimmed" size="xs">
                {time(at)}
              </Text>
            </Group>
          ))}
        </Stack>
      </ScrollArea>
    </Paper>
  );
}
