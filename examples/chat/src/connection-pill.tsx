import { useConnection, useQueue } from '@trunkline/react';

const WORDS = {
  idle: 'Connecting…',
  connecting: 'Connecting…',
  authenticating: 'Connecting…',
  open: 'Connected',
  waiting: 'Offline, trying again',
  closed: 'Disconnected',
} as const;

export function ConnectionPill() {
  const { status, explain, reconnect } = useConnection();
  const queue = useQueue();
  const latest = explain().timeline.at(-1);
  return (
    <div className="connection">
      {queue.length > 0 && status !== 'open' && (
        <span className="queue">{queue.length === 1 ? '1 message waits' : `${queue.length} messages wait`}</span>
      )}
      <output className={`pill ${status}`} title={latest && `${latest.what} ${JSON.stringify(latest.detail ?? {})}`}>
        {WORDS[status]}
      </output>
      {(status === 'waiting' || status === 'closed') && (
        <button type="button" className="quiet" onClick={() => void reconnect().catch(() => undefined)}>
          Try now
        </button>
      )}
    </div>
  );
}
