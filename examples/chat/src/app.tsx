import { TrunklineProvider } from '@trunkline/react';
import { useState } from 'react';
import { Chat } from './chat.js';
import { createChatClient } from './chat-client.js';
import { SignIn } from './sign-in.js';

const KEY = 'chat-name';

export function App() {
  const [name, setName] = useState(() => sessionStorage.getItem(KEY));

  function signIn(next: string): void {
    sessionStorage.setItem(KEY, next);
    setName(next);
  }
  if (!name) return <SignIn onSignIn={signIn} />;
  return (
    <TrunklineProvider key={name} client={() => createChatClient(name)}>
      <Chat name={name} />
    </TrunklineProvider>
  );
}
