import { Button, Divider, Group, Stack, Text } from '@mantine/core';
import { TrunklineError } from '@trunkline/protocol';
import { useRef } from 'react';
import type { Session } from '../connection/session.js';
import { explainError } from '../rooms/room-session.js';
import { ActionForm } from './action-form.js';
import { AnswerLog, useAnswers } from './answer-log.js';

/** Requests over the connection at the left. */
export function CanonicalActions({ session }: { readonly session: Session | null }) {
  const { answers, add } = useAnswers();
  const running = useRef(new Set<AbortController>());

  async function send(action: string, data: unknown, timeoutMs?: number): Promise<void> {
    if (!session) return;
    const abort = new AbortController();
    running.current.add(abort);
    add('sent', `${action} ${JSON.stringify(data)}`);
    try {
      const result = await session.client.request(action, data, {
        signal: abort.signal,
        onProgress: (progress) => add('update', progress),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      add('response', result);
    } catch (error) {
      add('error', error instanceof TrunklineError ? error.toBody() : explainError(error));
    } finally {
      running.current.delete(abort);
    }
  }
  function cancelAll(): void {
    for (const abort of running.current) abort.abort();
  }

  return (
    <Stack gap="sm">
      {!session && <Text c="dimmed">Connect first, at the left.</Text>}
      <ActionForm isDisabled={!session} onSend={(action, data) => void send(action, data)}>
        <Button onClick={cancelAll} variant="default">
          Cancel what runs
        </Button>
      </ActionForm>
      <Divider label="Provoke errors" labelPosition="left" />
      <Group gap="xs">
        <Button disabled={!session} onClick={() => void send('no_such_action', {})} size="xs" variant="default">
          Unknown action
        </Button>
        <Button disabled={!session} onClick={() => void send('echo', 'not an object')} size="xs" variant="default">
          Wrong input
        </Button>
        <Button disabled={!session} onClick={() => void send('echo', {}, 1)} size="xs" variant="default">
          Timeout of 1 ms
        </Button>
      </Group>
      <AnswerLog answers={answers} />
    </Stack>
  );
}
