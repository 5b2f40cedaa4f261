// Texts from peers are shown as text. What steers a terminal, turns the direction of writing or cannot be seen is shown as
// its code, so that no name looks like another one.

/** Control, format (bidi overrides among them), lone surrogates, line and paragraph separators. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** As above, where lines and tabs are part of the layout. */
const UNSEEN_IN_BLOCK = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const coded = (character: string) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** One line of at most `length` characters. */
export function plain(text: string, length = 160): string {
  const shown = text.slice(0, length + 1).replace(UNSEEN, coded);
  return shown.length > length ? `${shown.slice(0, length - 1)}…` : shown;
}

export const plainBlock = (text: string): string => text.replace(UNSEEN_IN_BLOCK, coded);

interface TextProps {
  readonly children: string;
  readonly length?: number;
  /** In place of an empty text, which nobody could see or click. */
  readonly empty?: string;
  readonly className?: string;
}

/** A text that may come from a peer; the whole of it on hover when it was cut. */
export function Text({ children, length = 160, empty = '(no name)', className = '' }: TextProps) {
  const title = children.length > length ? plain(children, 1_000) : undefined;
  if (children === '') return <bdi className={`muted ${className}`}>{empty}</bdi>;
  return (
    <bdi className={className} title={title}>
      {plain(children, length)}
    </bdi>
  );
}
