/** How wide texts are, in the fonts that they are drawn in. */
export interface Metrics {
  /** Pixels. */
  title(text: string): number;
  row(text: string): number;
  event(text: string): number;
}

export const TITLE_FONT_PX = 13;
export const ROW_FONT_PX = 11.5;

/** Measures with the font family of `element`, so that boxes fit their texts on every system. */
export function metricsOf(element: Element): Metrics {
  const family = getComputedStyle(element).fontFamily || 'sans-serif';
  const context = document.createElement('canvas').getContext('2d');
  const measured = new Map<string, number>();
  const width = (font: string, text: string): number => {
    const key = `${font}\n${text}`;
    const known = measured.get(key);
    if (known !== undefined) return known;
    if (context) context.font = font;
    const fresh = Math.ceil(context?.measureText(text).width ?? text.length * 7);
    measured.set(key, fresh);
    return fresh;
  };
  return {
    title: (text) => width(`600 ${TITLE_FONT_PX}px ${family}`, text),
    row: (text) => width(`${ROW_FONT_PX}px ${family}`, text),
    event: (text) => width(`600 ${ROW_FONT_PX}px ${family}`, text),
  };
}
