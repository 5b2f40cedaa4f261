import { Text } from './text.tsx';

interface Props {
  /** What went wrong; nothing is shown without. */
  readonly text: string | undefined;
  readonly className?: string;
}

/** Why something did not work, said aloud. */
export function Fault({ text, className }: Props) {
  if (text === undefined) return null;
  return (
    <p className={className ? `fault ${className}` : 'fault'} role="alert">
      <Text length={300}>{text}</Text>
    </p>
  );
}
