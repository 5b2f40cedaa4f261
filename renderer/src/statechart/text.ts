import { plain } from '../parts/text.tsx';

/** Characters of a name that are drawn; the whole text is in its tooltip. */
const MAX_DRAWN = 40;
/** Characters. A tooltip that covers the screen helps nobody. */
const MAX_TOLD = 400;

/** As it is drawn: short enough for a box, also where every character of it had to be written as a code. */
export function drawn(text: string): string {
  const characters = [...plain(text, MAX_DRAWN)];
  return characters.length > MAX_DRAWN ? `${characters.slice(0, MAX_DRAWN - 1).join('')}…` : characters.join('');
}

/** As it is told to those who hover, or listen. */
export const told = (text: string): string => plain(text, MAX_TOLD);
