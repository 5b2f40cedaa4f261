/** Words for a terminal: colours where it takes them, and nothing from a peer that could steer it. */

const hasColours = process.stdout.isTTY && !process.env.NO_COLOR;

const colour =
  (code: number) =>
  (text: string): string =>
    hasColours ? `\u001B[${code}m${text}\u001B[0m` : text;

export const dim = colour(2);
export const bold = colour(1);
export const red = colour(31);
export const green = colour(32);
export const yellow = colour(33);
export const cyan = colour(36);

/** Of a peer's state. */
export const PEER_STATE_COLOURS = { alive: green, suspect: yellow, offline: dim, untrusted: red, blocked: red };

/** A node id as people compare it: four groups. */
export const grouped = (nodeId: string): string => nodeId.match(/.{1,13}/g)?.join(' ') ?? nodeId;

/** Control characters, those that turn the direction of text, and halves of characters become visible. */
export const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\uFFFD');

/** Wall-clock time of day, as in 14:03:22.120. */
export const timeOfDay = (milliseconds: number): string => {
  const date = new Date(milliseconds);
  return `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, '0')}`;
};

/** The rest of an event beside its type, short: `part=3 passed=true`. */
export function fieldsOf(event: Readonly<Record<string, unknown>>): string {
  const { type: _, ...fields } = event;
  const text = Object.entries(fields)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  return plain(text.length > 60 ? `${text.slice(0, 59)}…` : text);
}

/** 900 B, 1.2 KB, 64 MB. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  let [size, unit] = [bytes, 0];
  for (; size >= 1_000 && unit < units.length - 1; unit++) size /= 1_000;
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** 42 s, 7 min, 3 h, 12 d. */
export function ageText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
