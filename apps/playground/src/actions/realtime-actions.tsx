import { Button, Divider, Group, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { Socket } from 'socket.io-client';
import { ActionForm } from './action-form.js';
import { AnswerLog, useAnswers } from './answer-log.js';
import { connectRealtime, type RealtimeGreeting } from './connect-realtime.js';

/** A Socket.IO client of `/realtime`, as the actions document writes one. */
export function RealtimeActions({ token }: { readonly token: string }) {
  const { answers, add } = useAnswers();
  const [greeting, setGreeting] = useState<RealtimeGreeting>({ token, sessionId: 'playground', artifactId: '' });
  const [isConnected, setIsConnected] = useState(false);
  const socket = useRef<Socket | null>(null);
  useEffect(() => () => void socket.current?.disconnect(), []);

  async function connect(as: RealtimeGreeting): Promise<void> {
    disconnect();
    add('note', 'connecting');
    socket.current = await connectRealtime(as, { add, changed: setIsConnected });
  }
  function disconnect(): void {
    socket.current?.disconnect();
    socket.current = null;
    setIsConnected(false);
  }
  function send(message: unknown): void {
    add('sent', message);
    socket.current?.emit('message', typeof message === 'string' ? message : JSON.stringify(message));
  }
  function request(action: string, data: unknown): void {
    send({ type: 'REQUEST', requestId: crypto.randomUUID(), action, data });
  }
  function field(name: keyof RealtimeGreeting) {
    return {
      value: greeting[name],
      onChange: (event: { currentTarget: { value: string } }) =>
        setGreeting({ ...greeting, [name]: event.currentTarget.value }),
    };
  }

  return (
    <Stack gap="sm">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void connect(greeting);
        }}
      >
        <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="xs">
          <TextInput label="Token" spellCheck={false} {...field('token')} />
          <TextInput label="sessionId" {...field('sessionId')} />
          <TextInput label="artifactId" placeholder="optional" {...field('artifactId')} />
        </SimpleGrid>
        <Group gap="xs" mt="xs">
          <Button type="submit">{isConnected ? 'Connect anew' : 'Connect'}</Button>
          <Button disabled={!isConnected} onClick={disconnect} variant="default">
            Disconnect
          </Button>
        </Group>
      </form>
      <ActionForm isDisabled={!isConnected} onSend={request}>
        {null}
      </ActionForm>
      <Divider label="Provoke errors" labelPosition="left" />
      <Group gap="xs">
        <Button onClick={() => void connect({ ...greeting, token: 'garbage' })} size="xs" variant="default">
          Bad token
        </Button>
        <Button onClick={() => void connect({ ...greeting, sessionId: '' })} size="xs" variant="default">
          No sessionId
        </Button>
        <Button disabled={!isConnected} onClick={() => request('no_such_action', {})} size="xs" variant="default">
          Unknown action
        </Button>
        <Button disabled={!isConnected} onClick={() => send('{')} size="xs" variant="default">
          Not JSON
        </Button>
      </Group>
      <AnswerLog answers={answers} />
    </Stack>
  );
}
