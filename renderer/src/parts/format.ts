const two = (number: number) => String(number).padStart(2, '0');

/** 20:17:09.195, of this browser's time zone. */
export function timeOfDay(milliseconds: number): string {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return '–';
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

export function dateAndTime(milliseconds: number): string {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return '–';
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${timeOfDay(milliseconds)}`;
}

/** 42 s, 7 min, 3 h 04 min, 12 d 5 h. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${two(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** 0.62 ms, 4.1 ms, 250 ms. */
export function roundTrip(milliseconds: number): string {
  if (milliseconds < 1) return `${milliseconds.toFixed(2)} ms`;
  if (milliseconds < 100) return `${milliseconds.toFixed(1)} ms`;
  return `${Math.round(milliseconds)} ms`;
}

export const count = (number: number): string => number.toLocaleString('en-US');
export const plural = (number: number, word: string): string => `${count(number)} ${word}${number === 1 ? '' : 's'}`;

/** 900 B, 1.2 KB, 64 MB. */
export function bytes(number: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  let [size, unit] = [number, 0];
  for (; size >= 1_000 && unit < units.length - 1; unit++) size /= 1_000;
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}
