import { Avatar } from './avatar.js';

export interface MessageProps {
  readonly author: string;
  readonly isMine: boolean;
  /** The one before is by the same author. */
  readonly follows: boolean;
  readonly text: string;
  readonly at: number;
  /** Who has seen it, or that it waits. */
  readonly note: string;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

export function Message({ author, isMine, follows, text, at, note }: MessageProps) {
  const isPending = note === 'Waiting';
  return (
    <li
      className={['message', isMine && 'mine', follows && 'follows', isPending && 'pending'].filter(Boolean).join(' ')}
    >
      {!isMine && <span className="face">{!follows && <Avatar name={author} />}</span>}
      <div>
        {!isMine && !follows && <p className="author">{author}</p>}
        <p className="bubble">
          <span>{text}</span>
          <time dateTime={new Date(at).toISOString()}>{clock.format(at)}</time>
        </p>
        {note !== '' && <p className="note">{note}</p>}
      </div>
    </li>
  );
}
