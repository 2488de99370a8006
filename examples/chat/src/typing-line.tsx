import { useTyping } from '@trunkline/react';
import { ROOM } from './chat-client.js';

const list = new Intl.ListFormat('en');

export function TypingLine() {
  const { users } = useTyping(ROOM);
  return (
    <p className="typing" aria-live="polite">
      {users.length > 0 && `${list.format(users)} ${users.length === 1 ? 'is' : 'are'} typing…`}
    </p>
  );
}
