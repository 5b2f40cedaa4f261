import type { ReactNode } from 'react';
import { Icon, type IconName } from './icon.tsx';

interface NoticeProps {
  readonly icon: IconName;
  readonly title: string;
  readonly tone?: 'bad';
  readonly children?: ReactNode;
}

/** In place of what is not there: why, and what to do. */
export function Notice({ icon, title, tone, children }: NoticeProps) {
  return (
    <div className={`notice ${tone ?? ''}`} role={tone === 'bad' ? 'alert' : undefined}>
      <span className="notice-icon">
        <Icon name={icon} size={22} />
      </span>
      <h3>{title}</h3>
      {children && <div className="notice-text">{children}</div>}
    </div>
  );
}

/** Grey lines where rows will be, of the height of rows. */
export function Skeleton({ rows, height = 36 }: { readonly rows: number; readonly height?: number }) {
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <div key={row} style={{ height }}>
          <span style={{ width: `${38 + ((row * 17) % 41)}%` }} />
        </div>
      ))}
    </div>
  );
}
