import { Autocomplete, Button, Group, Select, Stack, Text } from '@mantine/core';
import { TrunklineError } from '@trunkline/protocol';
import { useState } from 'react';
import { contract } from '../contract.js';
import { SchemaForm } from '../forms/schema-form.js';
import { explainError, type RoomSession } from './room-session.js';

interface Outcome {
  readonly text: string;
  readonly isGood: boolean;
  readonly path?: string | undefined;
}

const NOTHING: Outcome = { text: '', isGood: true };

/** Publishes an event of the room's kind; the fields come from the contract. */
export function PublishForm({ session: { room } }: { readonly session: RoomSession }) {
  const [kind = ''] = room.name.split(':', 1);
  const events = contract.rooms[kind]?.events;
  const names = Object.keys(events ?? {});
  const [event, setEvent] = useState(names[0] ?? 'message');
  const [outcome, setOutcome] = useState(NOTHING);
  const definition = events?.[event];
  const tellsTyping = events?.typing !== undefined && event !== 'typing';

  async function publish(data: unknown): Promise<boolean> {
    if (tellsTyping) room.typing.stop();
    setOutcome({ text: 'On its way …', isGood: true });
    try {
      const { offset, duplicate } = await room.publish(event, data);
      const kept = offset === undefined ? 'Sent.' : `The log holds it at offset ${offset}.`;
      setOutcome({ text: duplicate ? `${kept} It had been there before.` : kept, isGood: true });
      return true;
    } catch (error) {
      const body = error instanceof TrunklineError ? error : undefined;
      setOutcome({ text: explainError(error), isGood: false, path: body?.path });
      return false;
    }
  }

  return (
    <Stack aria-label="Publish" component="section" gap="xs">
      {names.length > 0 ? (
        <Select
          allowDeselect={false}
          data={names}
          description={
            definition && `${definition.durable ? 'Durable' : 'Ephemeral'}; from ${definition.publish.join(', ')}`
          }
          label="Event"
          onChange={(name) => setEvent(name ?? event)}
          value={event}
        />
      ) : (
        <Autocomplete description="This kind is not in the contract" label="Event" onChange={setEvent} value={event} />
      )}
      <SchemaForm
        flawPath={outcome.path}
        key={event}
        onSubmit={publish}
        schema={definition?.data}
        {...(tellsTyping ? { onTyping: room.typing.start } : {})}
      >
        <Group gap="sm">
          <Button type="submit">Publish</Button>
          <Text aria-live="polite" c={outcome.isGood ? 'dimmed' : 'red'} flex={1} mih={20} size="sm">
            {outcome.text}
          </Text>
        </Group>
      </SchemaForm>
    </Stack>
  );
}
