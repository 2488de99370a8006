import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';

export interface Question {
  readonly title: string;
  readonly text: string;
  /** What the button says. */
  readonly verb: string;
  act(): Promise<unknown>;
}

/** Asks before something is done that people notice. A refusal is shown where it was asked for. */
export function Confirm({ question, onClose }: { readonly question: Question | null; readonly onClose: () => void }) {
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  function close(): void {
    setRefusal(null);
    onClose();
  }
  async function act(): Promise<void> {
    setBusy(true);
    try {
      await question?.act();
      close();
    } catch (error) {
      setRefusal(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Modal centered onClose={close} opened={question !== null} title={question?.title}>
      <Stack>
        <Text size="sm">{question?.text}</Text>
        {refusal !== null && (
          <Alert color="red" role="alert" variant="light">
            {refusal}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button onClick={close} variant="default">
            Cancel
          </Button>
          <Button color="red" loading={isBusy} onClick={() => void act()}>
            {question?.verb}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
