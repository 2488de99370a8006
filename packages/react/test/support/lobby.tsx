import { screen, waitFor } from '@testing-library/react';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { type AppEvent, useRoom } from '../../src/index.js';

export type Told = (event: AppEvent<string>) => void;

export function textOf(event: { readonly data: unknown }): string {
  return String((event.data as { text?: unknown }).text);
}

export function Lobby({
  name = 'lobby:main',
  onEvent,
}: {
  readonly name?: string | undefined;
  readonly onEvent?: Told;
}) {
  const { isJoined, events, error, publish } = useRoom(name as `lobby:${string}`, { onEvent });
  return (
    <section aria-label={name}>
      <p>{error ? `refused: ${error.code}` : isJoined ? 'joined' : 'not joined'}</p>
      <ol>
        {events.map((event) => (
          <li key={event.id}>{textOf(event)}</li>
        ))}
      </ol>
      <button type="button" onClick={() => void publish('message', { text: `from ${name}` }).catch(() => undefined)}>
        say
      </button>
    </section>
  );
}

export function joined(name: string, count = 1): Promise<void> {
  return waitFor(() => {
    const labels = screen.getAllByRole('region', { name }).map((section) => section.querySelector('p')?.textContent);
    expect(labels).toEqual(Array.from({ length: count }, () => 'joined'));
  });
}

export function spyOnFrames(frames: string[]) {
  return class extends WebSocket {
    override send(data: string) {
      frames.push(data);
      super.send(data);
    }
  };
}
