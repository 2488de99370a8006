import {
  Alert,
  Button,
  Center,
  Paper,
  PasswordInput,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { signIn } from './api.js';

/** By account, or with a token of role admin. */
export function SignIn({ onSignedIn }: { readonly onSignedIn: () => void }) {
  const [way, setWay] = useState('account');
  const [name, setName] = useState('');
  const [secret, setSecret] = useState('');
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    try {
      await signIn(way === 'account' ? { name: name.trim(), password: secret } : { token: secret.trim() });
      onSignedIn();
    } catch (error) {
      setRefusal(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  }

  return (
    <Center mih="100dvh" p="md">
      <Paper maw={400} p="xl" radius="md" shadow="sm" w="100%" withBorder>
        <form onSubmit={(event) => void submit(event)}>
          <Stack>
            <div>
              <Title order={1} size="h3">
                Trunkline
              </Title>
              <Text c="dimmed" size="sm">
                Sign in as somebody with the role admin.
              </Text>
            </div>
            <SegmentedControl
              data={[
                { label: 'Account', value: 'account' },
                { label: 'Token', value: 'token' },
              ]}
              fullWidth
              onChange={(next) => {
                setWay(next);
                setSecret('');
                setRefusal(null);
              }}
              value={way}
            />
            {way === 'account' && (
              <TextInput
                autoComplete="username"
                label="Name or phone number"
                onChange={(event) => setName(event.currentTarget.value)}
                required
                value={name}
              />
            )}
            <PasswordInput
              autoComplete={way === 'account' ? 'current-password' : 'off'}
              description={way === 'token' ? 'trunkline token --user you --role admin' : undefined}
              label={way === 'account' ? 'Password' : 'Token'}
              onChange={(event) => setSecret(event.currentTarget.value)}
              required
              value={secret}
            />
            {refusal !== null && (
              <Alert color="red" role="alert" variant="light">
                {refusal}
              </Alert>
            )}
            <Button loading={isBusy} type="submit">
              Sign in
            </Button>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
