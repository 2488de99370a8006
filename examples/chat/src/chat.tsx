import { useClient } from '@trunkline/react';
import { Composer } from './composer.js';
import { ConnectionPill } from './connection-pill.js';
import { MessageList } from './message-list.js';
import { People } from './people.js';
import { TypingLine } from './typing-line.js';

export function Chat({ name }: { readonly name: string }) {
  const client = useClient();
  return (
    <div className="chat">
      <header>
        <h1># main</h1>
        <ConnectionPill />
      </header>
      <People me={name} />
      <main>
        {client && <MessageList client={client} me={name} />}
        <TypingLine />
        <Composer />
      </main>
    </div>
  );
}
