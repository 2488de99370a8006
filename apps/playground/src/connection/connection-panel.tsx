import { Button, Group, PasswordInput, SegmentedControl, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { contract } from '../contract.js';
import { explainError } from '../rooms/room-session.js';
import { fetchTestToken, login } from './fetch-token.js';

export interface ConnectionPanelProps {
  readonly isConnected: boolean;
  /** `isOffered`: the token is the development server's own, of which a restart makes another. */
  readonly onConnect: (token: string, isOffered: boolean) => void;
  readonly onReconnect: () => void;
  readonly onDisconnect: () => void;
}

const TAKES_GUESTS = Object.values(contract.rooms).some(({ join }) => join.includes('anonymous'));

/** As whom to connect: with a token, or by an account's name and password. */
export function ConnectionPanel({ isConnected, onConnect, onReconnect, onDisconnect }: ConnectionPanelProps) {
  const [way, setWay] = useState('token');
  const [offered, setOffered] = useState('');
  const [token, setToken] = useState('');
  const [name, setName] = useState('user');
  const [password, setPassword] = useState('');
  const [flaw, setFlaw] = useState('');

  useEffect(() => {
    fetchTestToken().then(
      (found = '') => {
        setOffered(found);
        setToken((typed) => typed || found);
      },
      () => setFlaw('The server did not answer; is it running?'),
    );
  }, []);

  async function connect(): Promise<void> {
    setFlaw('');
    if (way === 'token') return onConnect(token.trim(), token !== '' && token === offered);
    try {
      const fresh = await login(name, password);
      setToken(fresh);
      onConnect(fresh, false);
    } catch (error) {
      setFlaw(explainError(error));
    }
  }

  return (
    <form
      aria-label="Connection"
      onSubmit={(event) => {
        event.preventDefault();
        void connect();
      }}
    >
      <Stack gap="xs">
        <SegmentedControl
          aria-label="How to sign in"
          data={[
            { label: 'Token', value: 'token' },
            { label: 'Account', value: 'account' },
          ]}
          fullWidth
          onChange={setWay}
          size="xs"
          value={way}
        />
        <Stack gap="xs" h={132}>
          {way === 'token' ? (
            <Textarea
              description={`The development server's own${TAKES_GUESTS ? '; empty connects as a guest' : ''}`}
              label="Token"
              onChange={(event) => setToken(event.currentTarget.value)}
              rows={3}
              spellCheck={false}
              styles={{ input: { fontFamily: 'monospace', fontSize: 11 } }}
              value={token}
            />
          ) : (
            <>
              <TextInput
                autoComplete="username"
                label="Name or phone number"
                onChange={(event) => setName(event.currentTarget.value)}
                value={name}
              />
              <PasswordInput
                autoComplete="current-password"
                label="Password"
                onChange={(event) => setPassword(event.currentTarget.value)}
                value={password}
              />
            </>
          )}
        </Stack>
        <Group gap="xs" grow>
          <Button px="xs" type="submit">
            {isConnected ? 'Switch user' : 'Connect'}
          </Button>
          <Button px="xs" disabled={!isConnected} onClick={onDisconnect} variant="default">
            Disconnect
          </Button>
        </Group>
        <Button disabled={!isConnected} onClick={onReconnect} size="compact-sm" variant="subtle">
          Drop the socket and resume
        </Button>
        <Text aria-live="polite" c="red" mih={20} size="sm">
          {flaw}
        </Text>
      </Stack>
    </form>
  );
}
