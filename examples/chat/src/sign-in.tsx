import { useId, useState } from 'react';

export function SignIn({ onSignIn }: { readonly onSignIn: (name: string) => void }) {
  const [name, setName] = useState('');
  const id = useId();
  return (
    <main className="sign-in">
      <form
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          onSignIn(name);
        }}
      >
        <h1>Trunkline chat</h1>
        <label htmlFor={id}>Your name</label>
        <input
          id={id}
          value={name}
          onChange={({ target }) => setName(target.value)}
          pattern="[A-Za-z0-9._\-]{1,32}"
          title="Letters, digits, dots and dashes; at most 32"
          autoComplete="off"
          required
        />
        <button type="submit">Join the chat</button>
        <p className="hint">Open a second window under another name to talk to yourself.</p>
      </form>
    </main>
  );
}
