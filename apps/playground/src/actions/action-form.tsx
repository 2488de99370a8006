import { Autocomplete, Button, Group } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { contract } from '../contract.js';
import { SchemaForm } from '../forms/schema-form.js';

export interface ActionFormProps {
  readonly isDisabled: boolean;
  readonly onSend: (action: string, data: unknown) => void;
  /** More buttons. */
  readonly children: ReactNode;
}

const ACTIONS = Object.keys(contract.actions);

/** The name of an action and its input. */
export function ActionForm({ isDisabled, onSend, children }: ActionFormProps) {
  const [action, setAction] = useState(ACTIONS[0] ?? '');
  return (
    <>
      <Autocomplete
        data={ACTIONS}
        description="The contract's actions; any other name is sent as well"
        label="Action"
        onChange={setAction}
        value={action}
      />
      <SchemaForm
        key={action}
        onSubmit={async (data) => {
          onSend(action, data);
          return false;
        }}
        schema={contract.actions[action]?.input}
      >
        <Group gap="xs">
          <Button disabled={isDisabled} type="submit">
            Send request
          </Button>
          {children}
        </Group>
      </SchemaForm>
    </>
  );
}
