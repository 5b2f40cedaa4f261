const PATHS = {
  overview: 'M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z',
  machines: 'M9 3v3M15 3v3M9 18v3M15 18v3M3 9h3M3 15h3M18 9h3M18 15h3M6 6h12v12H6zM10 10h4v4h-4z',
  files: 'M6 3h8l5 5v13H6zM14 3v5h5M10 13l-2 2 2 2M14 13l2 2-2 2',
  doctor: 'M3 12h4l2.500-6 4 12 2.500-6h5',
  messages: 'M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4',
  letter: 'M3 6h18v13H3zM3 7l9 7 9-7',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M4.900 4.900l1.400 1.400M17.700 17.700l1.400 1.400M2 12h2M20 12h2M4.900 19.100l1.400-1.400M17.700 6.300l1.400-1.400',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500z',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4.500 4.500',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 4.500v15l12-7.500z',
  close: 'M6 6l12 12M18 6L6 18',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  right: 'M5 12h14M13 6l6 6-6 6',
  chevron: 'M9 6l6 6-6 6',
  warning: 'M12 4L2.800 20h18.400zM12 10v4.500M12 17.300v.2',
  unplugged: 'M9 8V3M15 8V3M6.500 8h11v3.500a5.500 5.500 0 0 1-11 0zM12 17v4',
  shield: 'M12 3l8 3v6c0 4.500-3.200 7.600-8 9-4.800-1.400-8-4.500-8-9V6zM9.500 9.500l5 5M14.500 9.500l-5 5',
  key: 'M15 3a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM10.600 13.400L3 21M6 18l2.500 2.500M16.500 7.500v.100',
  link: 'M10 14a4 4 0 0 0 6 .4l3-3a4.200 4.200 0 0 0-6-6l-1.500 1.500M14 10a4 4 0 0 0-6-.4l-3 3a4.200 4.200 0 0 0 6 6l1.500-1.500',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3.500 2',
  reload: 'M20 11a8 8 0 1 0-2 6.200M20 5v6h-6',
} as const;

export type IconName = keyof typeof PATHS;

/** Says nothing to a screen reader: the words stand beside it. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
