/** The same colour for the same name. */
export function Avatar({ name }: { readonly name: string }) {
  const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7);
  return (
    <span className="avatar" style={{ background: `oklch(0.55 0.12 ${hue})` }} aria-hidden="true">
      {name.slice(0, 1).toUpperCase()}
    </span>
  );
}
