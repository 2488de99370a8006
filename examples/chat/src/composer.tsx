import { useTyping } from '@trunkline/react';
import { type FormEvent, useState } from 'react';
import { ROOM } from './chat-client.js';
import { newDraft, useSendMessage } from './send-message.js';

export function Composer() {
  const [text, setText] = useState('');
  const typing = useTyping(ROOM);
  const { mutate } = useSendMessage();

  function send(event: FormEvent): void {
    event.preventDefault();
    if (text.trim() === '') return;
    mutate(newDraft(text.trim()));
    typing.stop();
    setText('');
  }
  return (
    <form className="composer" onSubmit={send}>
      <input
        aria-label="Message"
        placeholder="Write a message"
        value={text}
        maxLength={4_000}
        autoComplete="off"
        onChange={({ target }) => {
          setText(target.value);
          typing.start();
        }}
      />
      <button type="submit" disabled={text.trim() === ''}>
        Send
      </button>
    </form>
  );
}
