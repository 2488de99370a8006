import { Alert, Button, Group, JsonInput, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { broadcast } from './api.js';
import { Confirm, type Question } from './confirm.js';

/** One event for every connection of every node. */
export function Broadcast({ connections }: { readonly connections: number | null }) {
  const [type, setType] = useState('system_notification');
  const [data, setData] = useState('{\n  "message": ""\n}');
  const [question, setQuestion] = useState<Question | null>(null);
  const [sent, setSent] = useState<string | null>(null);
  const parsed = parse(data);
  const everybody = connections === null ? 'every connection' : `all ${connections} connections`;

  function ask(): void {
    setSent(null);
    setQuestion({
      title: 'Send to everybody?',
      text: `${type} goes to ${everybody} now, and can not be taken back.`,
      verb: 'Send',
      act: async () => {
        await broadcast(type, parsed?.value);
        setSent(`Sent ${type} to ${everybody}.`);
      },
    });
  }

  return (
    <Paper maw={640} p="md" radius="md" withBorder>
      <Stack>
        <Text c="dimmed" size="sm">
          Ephemeral: who is not connected now does not get it.
        </Text>
        <TextInput label="Event" onChange={(event) => setType(event.currentTarget.value)} value={type} />
        <JsonInput
          autosize
          error={parsed ? null : 'This is not JSON.'}
          label="Data (JSON)"
          minRows={4}
          onChange={setData}
          value={data}
        />
        <Group justify="space-between">
          <div aria-live="polite">
            {sent !== null && (
              <Alert color="teal" p="xs" variant="light">
                {sent}
              </Alert>
            )}
          </div>
          <Button disabled={!parsed || type.trim() === ''} onClick={ask}>
            Send to everybody …
          </Button>
        </Group>
      </Stack>
      <Confirm onClose={() => setQuestion(null)} question={question} />
    </Paper>
  );
}

function parse(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}
